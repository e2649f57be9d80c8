//! What has other words in older layers, beyond fields that were added: buttons, the answer to joining,
//! texts that may be formatted now, and peers where a user or a channel is wanted.

use super::layer::{Definition, Layer, Type};
use super::value::{Object, Value};

/// Whether a definition of the object's name says the same.
pub(super) fn says(definition: &Definition, object: &Object<'_>) -> bool {
    // `keyboardButton` is a button without an action up to layer 227, and one with any from 228 on.
    let wants_action = definition.fields.iter().any(|field| field.name == "type");
    object.name != "keyboardButton" || wants_action == object.field("type").is_some()
}

/// The same in other words, where a type is wanted that has none of the object's name.
pub(super) fn reword<'a>(
    object: &Object<'a>,
    expected: &'static str,
    layer: &'static Layer,
) -> Option<Object<'a>> {
    match (&*object.name, expected) {
        ("keyboardInlineButtonRow", "KeyboardButtonRow") => {
            Some(object.renamed("keyboardButtonRow"))
        }
        ("keyboardButtonRow", "KeyboardInlineButtonRow") => {
            Some(object.renamed("keyboardInlineButtonRow"))
        }
        ("messages.chatInviteJoinResultOk", "Updates") => match object.field("updates") {
            Some(Value::Object(updates)) => Some(updates.clone()),
            _ => None,
        },
        (name, "InputUser" | "InputChannel") => {
            stands_for(name, expected).map(|name| object.renamed(name))
        }
        (_, "KeyboardButton" | "KeyboardInlineButton") => {
            if layer.has_type("ButtonType") {
                with_action(object, expected)
            } else {
                with_name(object)
            }
        }
        _ => None,
    }
}

/// Under which name a peer may stand where a user or a channel is wanted: servers take that, with the
/// same fields, and Kurigram and its forebears have never sent anything else.
pub(super) fn stands_for(name: &str, expected: &str) -> Option<&'static str> {
    match (expected, name.strip_prefix("inputPeer")?) {
        ("InputUser", "User") => Some("inputUser"),
        ("InputUser", "Self") => Some("inputUserSelf"),
        ("InputUser", "Empty") => Some("inputUserEmpty"),
        ("InputUser", "UserFromMessage") => Some("inputUserFromMessage"),
        ("InputChannel", "Channel") => Some("inputChannel"),
        ("InputChannel", "Empty") => Some("inputChannelEmpty"),
        ("InputChannel", "ChannelFromMessage") => Some("inputChannelFromMessage"),
        _ => None,
    }
}

/// A button whose action is a field: the name told it before.
fn with_action<'a>(object: &Object<'a>, expected: &'static str) -> Option<Object<'a>> {
    let (input, kind) = match object.name.strip_prefix("inputKeyboardButton") {
        Some(kind) => (true, kind),
        None => (false, object.name.strip_prefix("keyboardButton")?),
    };
    let kind = if kind.is_empty() { "Default" } else { kind };
    let (name, action) = if expected == "KeyboardInlineButton" {
        ("keyboardInlineButton", if input { "inputInlineButtonType" } else { "inlineButtonType" })
    } else {
        ("keyboardButton", if input { "inputButtonType" } else { "buttonType" })
    };
    let mut button = object.renamed(name);
    let is_outer = |(name, _): &&(&str, Value<'_>)| ["style", "text"].contains(name);
    button.fields = object.fields.iter().filter(is_outer).cloned().collect();
    button.fields.push(("type", Value::Object(object.renamed(format!("{action}{kind}")))));
    Some(button)
}

/// A button whose name tells its action: a field told it.
fn with_name<'a>(object: &Object<'a>) -> Option<Object<'a>> {
    let Some(Value::Object(action)) = object.field("type") else { return None };
    let kinds = [
        ("inputInlineButtonType", "inputKeyboardButton"),
        ("inputButtonType", "inputKeyboardButton"),
        ("inlineButtonType", "keyboardButton"),
        ("buttonType", "keyboardButton"),
    ];
    let mut named = kinds
        .iter()
        .filter_map(|(action_name, name)| Some((name, action.name.strip_prefix(action_name)?)));
    let (name, kind) = named.next()?;
    // A button that does nothing has no other word.
    let kind = if ["Default", "Disabled"].contains(&kind) { "" } else { kind };
    let mut button = object.renamed(format!("{name}{kind}"));
    button.fields.retain(|(name, _)| *name != "type");
    button.fields.extend(action.fields.iter().cloned());
    Some(button)
}

/// A value that was of another type: texts that may be formatted now were plain.
pub(super) fn other_value<'a>(value: &Value<'a>, ty: &Type) -> Option<Value<'a>> {
    match (value, ty) {
        (Value::Object(text), Type::Bytes) if text.name == "textWithEntities" => {
            text.field("text").cloned()
        }
        (Value::Bytes(_), Type::Object("TextWithEntities")) => {
            let fields = vec![("text", value.clone()), ("entities", Value::Vector(Vec::new()))];
            Some(Value::Object(Object { name: "textWithEntities".into(), fields }))
        }
        _ => None,
    }
}

/// Whether what a layer has no word for may be told as empty or unsupported.
pub(super) fn may_be_less(ty: &str) -> bool {
    ["MessageMedia", "MessageAction", "PageBlock"].contains(&ty)
}
