//! `upload.*`: parts of files, to the server and from it.

use layer_tl_types::{enums, functions};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::files::{Part, Span};

/// `upload.saveFilePart`.
pub(super) fn save_file_part(
    world: &mut World,
    caller: &Caller,
    query: functions::upload::SaveFilePart,
) -> Result<bool, RpcError> {
    let functions::upload::SaveFilePart { file_id, file_part: index, bytes } = query;
    world.save_part(caller, &Part { is_big: false, file_id, index, total: -1, bytes })?;
    Ok(true)
}

/// `upload.saveBigFilePart`.
pub(super) fn save_big_file_part(
    world: &mut World,
    caller: &Caller,
    query: functions::upload::SaveBigFilePart,
) -> Result<bool, RpcError> {
    let functions::upload::SaveBigFilePart { file_id, file_part, file_total_parts, bytes } = query;
    let (index, total) = (file_part, file_total_parts);
    world.save_part(caller, &Part { is_big: true, file_id, index, total, bytes })?;
    Ok(true)
}

/// `upload.getFile`.
pub(super) fn get_file(
    world: &mut World,
    caller: &Caller,
    query: functions::upload::GetFile,
) -> Result<enums::upload::File, RpcError> {
    let functions::upload::GetFile { precise, cdn_supported, location, offset, limit } = query;
    world.download(caller, &location, Span { offset, limit, precise }, cdn_supported)
}

/// `upload.getFileHashes`.
pub(super) fn get_file_hashes(
    world: &mut World,
    caller: &Caller,
    query: functions::upload::GetFileHashes,
) -> Result<Vec<enums::FileHash>, RpcError> {
    world.hashes(caller, &query.location, query.offset)
}

/// `upload.getCdnFile`: of the CDN, by anybody who has the token.
pub(super) fn get_cdn_file(
    world: &mut World,
    caller: &Caller,
    query: functions::upload::GetCdnFile,
) -> Result<enums::upload::CdnFile, RpcError> {
    if !world.is_at_cdn(caller) {
        return Err(RpcError::new(400, "METHOD_INVALID"));
    }
    world.cdn_file(&query.file_token, query.offset, query.limit)
}

/// `upload.getCdnFileHashes`.
pub(super) fn get_cdn_file_hashes(
    world: &mut World,
    _: &Caller,
    query: functions::upload::GetCdnFileHashes,
) -> Result<Vec<enums::FileHash>, RpcError> {
    world.cdn_hashes(&query.file_token, query.offset)
}

/// `upload.reuploadCdnFile`.
pub(super) fn reupload_cdn_file(
    world: &mut World,
    _: &Caller,
    query: functions::upload::ReuploadCdnFile,
) -> Result<Vec<enums::FileHash>, RpcError> {
    world.bring(&query.file_token, &query.request_token)
}
