//! What the order of updates needs of the account: the differences, and who is known.

use layer_tl_types::enums;

use crate::InvocationError;
use crate::net::dial::BoxFuture;
use crate::session::PeerKey;

/// The account whose updates are put in order. A client that was dropped answers
/// [`InvocationError::Dropped`].
pub(crate) trait Account: Send + Sync {
    /// `updates.getState`.
    fn get_state(&self) -> BoxFuture<'static, Result<enums::updates::State, InvocationError>>;

    /// `updates.getDifference`.
    fn get_difference(
        &self,
        pts: i32,
        qts: i32,
        date: i32,
    ) -> BoxFuture<'static, Result<enums::updates::Difference, InvocationError>>;

    /// `updates.getChannelDifference`; without a pts nothing is known of the channel yet.
    fn get_channel_difference(
        &self,
        channel: i64,
        pts: Option<i32>,
    ) -> BoxFuture<'static, Result<enums::updates::ChannelDifference, InvocationError>>;

    /// Keeps what must be known of these to speak to them, and which messages show them. May not
    /// wait.
    fn learn(&self, users: &[enums::User], chats: &[enums::Chat], messages: &[&enums::Message]);

    /// Whether this peer was shown to us.
    fn knows(&self, peer: PeerKey) -> bool;

    /// Who is logged in.
    fn me(&self) -> Option<i64>;
}
