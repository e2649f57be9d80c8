//! `messages.*`: private chats and basic groups, and what channels have in common with them. A file for
//! each thing that people do with messages.

pub(super) mod callbacks;
pub(super) mod delete;
pub(super) mod dialogs;
pub(super) mod global;
pub(super) mod groups;
pub(super) mod history;
pub(super) mod inline;
pub(super) mod links;
pub(super) mod lists;
pub(super) mod marks;
pub(super) mod media;
pub(super) mod polls;
pub(super) mod read;
pub(super) mod rights;
pub(super) mod send;

use crate::router::RpcError;

/// Which entries of a list are asked for: how many come before them, as the list has said itself, and how
/// many they are at most.
fn page(offset: Option<&str>, limit: i32, most: i32) -> Result<(usize, usize), RpcError> {
    let skip = match offset.filter(|offset| !offset.is_empty()) {
        None => 0,
        Some(offset) => offset.parse().map_err(|_| RpcError::new(400, "OFFSET_INVALID"))?,
    };
    Ok((skip, usize::try_from(limit.clamp(0, most)).unwrap_or(0)))
}

/// Where the next page begins, if there is one.
fn next_page((skip, _): (usize, usize), shown: usize, count: usize) -> Option<String> {
    let next = skip.saturating_add(shown);
    (shown > 0 && next < count).then(|| next.to_string())
}
