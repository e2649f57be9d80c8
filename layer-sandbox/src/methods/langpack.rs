//! `langpack.*`: a few strings in English, the only language there is.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};

/// The one language.
const LANGUAGE: &str = "en";
/// Its version, as differences have it.
const VERSION: i32 = 1;
/// All that can be said in it.
const STRINGS: [(&str, &str); 3] =
    [("AppName", "Sandbox"), ("Cancel", "Cancel"), ("Continue", "Continue")];

/// `langpack.getLanguages`.
pub(super) fn get_languages(
    _: &mut World,
    _: &Caller,
    query: functions::langpack::GetLanguages,
) -> Result<Vec<enums::LangPackLanguage>, RpcError> {
    check(&query.lang_pack, LANGUAGE)?;
    Ok(vec![language()])
}

/// `langpack.getLanguage`.
pub(super) fn get_language(
    _: &mut World,
    _: &Caller,
    query: functions::langpack::GetLanguage,
) -> Result<enums::LangPackLanguage, RpcError> {
    check(&query.lang_pack, &query.lang_code)?;
    Ok(language())
}

/// `langpack.getLangPack`: all strings.
pub(super) fn get_lang_pack(
    _: &mut World,
    _: &Caller,
    query: functions::langpack::GetLangPack,
) -> Result<enums::LangPackDifference, RpcError> {
    check(&query.lang_pack, &query.lang_code)?;
    Ok(since(0))
}

/// `langpack.getDifference`: all strings, for who has none.
pub(super) fn get_difference(
    _: &mut World,
    _: &Caller,
    query: functions::langpack::GetDifference,
) -> Result<enums::LangPackDifference, RpcError> {
    check(&query.lang_pack, &query.lang_code)?;
    Ok(since(query.from_version))
}

/// `langpack.getStrings`: those that are known; the others were deleted.
pub(super) fn get_strings(
    _: &mut World,
    _: &Caller,
    query: functions::langpack::GetStrings,
) -> Result<Vec<enums::LangPackString>, RpcError> {
    check(&query.lang_pack, &query.lang_code)?;
    let string = |key: String| match STRINGS.iter().find(|(known, _)| *known == key) {
        Some((_, value)) => types::LangPackString { key, value: (*value).into() }.into(),
        None => types::LangPackStringDeleted { key }.into(),
    };
    Ok(query.keys.into_iter().map(string).collect())
}

fn language() -> enums::LangPackLanguage {
    let count = STRINGS.len() as i32;
    let name = || "English".to_owned();
    let (code, plural) = (LANGUAGE.to_owned(), LANGUAGE.to_owned());
    let url = "https://translations.telegram.org/en/".to_owned();
    let language = types::LangPackLanguage::new(name(), name(), code, plural, count, count, url);
    enums::LangPackLanguage::Language(Box::new(types::LangPackLanguage {
        official: true,
        ..language
    }))
}

fn since(from_version: i32) -> enums::LangPackDifference {
    let news = if from_version < VERSION { STRINGS.as_slice() } else { &[] };
    let string = |(key, value): &(&str, &str)| {
        types::LangPackString { key: (*key).into(), value: (*value).into() }.into()
    };
    let strings = news.iter().map(string).collect();
    let lang_code = LANGUAGE.to_owned();
    types::LangPackDifference { lang_code, from_version, version: VERSION, strings }.into()
}

fn check(pack: &str, language: &str) -> Result<(), RpcError> {
    if pack.is_empty() {
        return Err(RpcError::new(400, "LANG_PACK_INVALID"));
    }
    if language != LANGUAGE {
        return Err(RpcError::new(400, "LANG_CODE_NOT_SUPPORTED"));
    }
    Ok(())
}
