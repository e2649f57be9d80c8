//! Answers that carry updates: `Updates` themselves, what holds them, and the places in a line that
//! calls of ours have taken (`messages.affectedMessages` and the like).
//!
//! They go from the driver to the order of updates, not through the caller's future, which may be
//! dropped. One table by the functions' ids says which; a test holds it against the schema.

use layer_tl_types::{Deserializable, Error, Identifiable, RawObject, enums, functions, types};

use super::account::Account;
use super::action::{LineId, Place};
use super::batch::{self, Came, Item, Missed};

/// What must be kept of a request to make use of its answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    /// The answer carries no updates.
    Nothing,
    /// It does.
    Updates,
    /// A text was sent: the short answer leaves out what the request has said.
    Sent(Box<functions::messages::SendMessage>),
    /// The answer tells a place in this line.
    Affects(LineId),
}

/// The ids of functions, by their namespaces.
macro_rules! ids {
    ($($space:ident: $($name:ident),+;)+) => {
        &[$($(functions::$space::$name::CONSTRUCTOR_ID),+),+]
    };
}

/// Functions that answer with `Updates`, or with what holds them.
#[rustfmt::skip]
const WITH_UPDATES: &[u32] = ids! {
    account:
        GetBotBusinessConnection, GetNotifyExceptions,
        ToggleWebBrowserSettingsException, UpdateConnectedBot;
    bots:
        AllowSendMessage;
    channels:
        ConvertToGigagroup, CreateChannel, DeleteChannel, DeleteHistory, EditAdmin,
        EditBanned, EditPhoto, EditTitle, InviteToChannel, JoinChannel, LeaveChannel,
        RestrictSponsoredMessages, SetBoostsToUnblockRestrictions, ToggleAntiSpam,
        ToggleAutotranslation, ToggleForum, ToggleJoinRequest, ToggleJoinToSend,
        ToggleParticipantsHidden, TogglePreHistoryHidden, ToggleSignatures,
        ToggleSlowMode, ToggleViewForumAsMessages, UpdateColor, UpdateEmojiStatus,
        UpdatePaidMessagesPrice;
    chatlists:
        JoinChatlistInvite, JoinChatlistUpdates, LeaveChatlist;
    communities:
        Create, ToggleCommunityCollapsedInDialogs;
    contacts:
        AcceptContact, AddContact, BlockFromReplies, DeleteContacts, GetLocated;
    ephemeral:
        EditMessage, SendMessage;
    folders:
        EditPeerFolders;
    messages:
        AddChatUser, AddPollAnswer, AppendTodoList, CreateChat, CreateForumTopic,
        DeleteChatUser, DeleteFactCheck, DeleteParticipantReaction, DeletePollAnswer,
        DeleteQuickReplyMessages, DeleteScheduledMessages, EditChatCreator,
        EditChatDefaultBannedRights, EditChatParticipantRank, EditChatPhoto,
        EditChatTitle, EditFactCheck, EditForumTopic, EditMessage, ForwardMessages,
        GetAllDrafts, GetExtendedMedia, GetMessagesReactions, GetPaidReactionPrivacy,
        GetPollResults, HideAllChatJoinRequests, HideChatJoinRequest, ImportChatInvite,
        MigrateChat, ReorderPinnedForumTopics, SendBotRequestedPeer,
        SendInlineBotResult, SendMedia, SendMessage, SendMultiMedia, SendPaidReaction,
        SendQuickReplyMessages, SendReaction, SendScheduledMessages,
        SendScreenshotNotification, SendVote, SendWebViewData,
        SetChatAvailableReactions, SetChatTheme, SetChatWallPaper, SetGameScore,
        SetHistoryTtl, StartBot, ToggleNoForwards, ToggleSuggestedPostApproval,
        ToggleTodoCompleted, UpdatePinnedForumTopic, UpdatePinnedMessage;
    payments:
        ApplyGiftCode, AssignAppStoreTransaction, AssignPlayMarketTransaction,
        CraftStarGift, LaunchPrepaidGiveaway, RefundStarsCharge, ResolveStarGiftOffer,
        SendPaymentForm, SendStarGiftOffer, SendStarsForm, TransferStarGift,
        UpdateStarGiftPrice, UpgradeStarGift;
    phone:
        CreateConferenceCall, CreateGroupCall, DeclineConferenceCallInvite,
        DeleteConferenceCallParticipants, DeleteGroupCallMessages,
        DeleteGroupCallParticipantMessages, DiscardCall, DiscardGroupCall,
        EditGroupCallParticipant, EditGroupCallTitle, GetGroupCallChainBlocks,
        InviteConferenceCallParticipant, InviteToGroupCall, JoinGroupCall,
        JoinGroupCallPresentation, LeaveGroupCall, LeaveGroupCallPresentation,
        SendConferenceCallBroadcast, SendGroupCallMessage, SetCallRating,
        StartScheduledGroupCall, ToggleGroupCallRecord, ToggleGroupCallSettings,
        ToggleGroupCallStartSubscription;
    stories:
        ActivateStealthMode, EditStory, GetAllReadPeerStories, SendReaction, SendStory,
        StartLive;
    users:
        SuggestBirthday;
    wallet:
        GetGaslessInfo, SendTransfer;
};

impl Asked {
    /// Looks at a serialised request.
    pub(crate) fn by(request: &[u8]) -> Self {
        let Some((id, body)) = request.split_first_chunk() else { return Self::Nothing };
        let id = u32::from_le_bytes(*id);
        if let Some((query, same_account)) = wrapped(id, body) {
            return match Self::by(&query) {
                Self::Affects(_) if !same_account => Self::Nothing,
                asked => asked,
            };
        }
        if id == functions::messages::SendMessage::CONSTRUCTOR_ID {
            return match functions::messages::SendMessage::from_bytes(body) {
                Ok(request) => Self::Sent(Box::new(request)),
                Err(_) => Self::Updates,
            };
        }
        if WITH_UPDATES.contains(&id) {
            return Self::Updates;
        }
        affects(id, body).map_or(Self::Nothing, Self::Affects)
    }
}

/// The query within a wrapper, and whether it is run for our own account.
fn wrapped(id: u32, body: &[u8]) -> Option<(Vec<u8>, bool)> {
    use functions as f;
    type Raw = RawObject;
    let query = match id {
        f::InvokeAfterMsg::<Raw>::CONSTRUCTOR_ID => {
            f::InvokeAfterMsg::<Raw>::from_bytes(body).ok()?.query
        }
        f::InvokeAfterMsgs::<Raw>::CONSTRUCTOR_ID => {
            f::InvokeAfterMsgs::<Raw>::from_bytes(body).ok()?.query
        }
        f::InvokeWithMessagesRange::<Raw>::CONSTRUCTOR_ID => {
            f::InvokeWithMessagesRange::<Raw>::from_bytes(body).ok()?.query
        }
        f::InvokeWithTakeout::<Raw>::CONSTRUCTOR_ID => {
            f::InvokeWithTakeout::<Raw>::from_bytes(body).ok()?.query
        }
        f::InvokeWithReCaptcha::<Raw>::CONSTRUCTOR_ID => {
            f::InvokeWithReCaptcha::<Raw>::from_bytes(body).ok()?.query
        }
        f::InvokeWithBusinessConnection::<Raw>::CONSTRUCTOR_ID => {
            let wrapper = f::InvokeWithBusinessConnection::<Raw>::from_bytes(body).ok()?;
            return Some((wrapper.query.0, false));
        }
        _ => return None,
    };
    Some((query.0, true))
}

/// The line in which the answer tells a place, for functions that answer with one.
fn affects(id: u32, body: &[u8]) -> Option<LineId> {
    use functions::{channels, messages};
    let line = match id {
        messages::DeleteMessages::CONSTRUCTOR_ID
        | messages::ReadMessageContents::CONSTRUCTOR_ID
        | messages::DeletePhoneCallHistory::CONSTRUCTOR_ID => LineId::Common,
        channels::DeleteMessages::CONSTRUCTOR_ID => {
            line_of_channel(&channels::DeleteMessages::from_bytes(body).ok()?.channel)?
        }
        channels::DeleteParticipantHistory::CONSTRUCTOR_ID => {
            line_of_channel(&channels::DeleteParticipantHistory::from_bytes(body).ok()?.channel)?
        }
        messages::ReadHistory::CONSTRUCTOR_ID => {
            line(&messages::ReadHistory::from_bytes(body).ok()?.peer)
        }
        messages::DeleteHistory::CONSTRUCTOR_ID => {
            line(&messages::DeleteHistory::from_bytes(body).ok()?.peer)
        }
        messages::DeleteTopicHistory::CONSTRUCTOR_ID => {
            line(&messages::DeleteTopicHistory::from_bytes(body).ok()?.peer)
        }
        messages::ReadMentions::CONSTRUCTOR_ID => {
            line(&messages::ReadMentions::from_bytes(body).ok()?.peer)
        }
        messages::ReadPollVotes::CONSTRUCTOR_ID => {
            line(&messages::ReadPollVotes::from_bytes(body).ok()?.peer)
        }
        messages::ReadReactions::CONSTRUCTOR_ID => {
            line(&messages::ReadReactions::from_bytes(body).ok()?.peer)
        }
        messages::UnpinAllMessages::CONSTRUCTOR_ID => {
            line(&messages::UnpinAllMessages::from_bytes(body).ok()?.peer)
        }
        messages::DeleteSavedHistory::CONSTRUCTOR_ID => {
            // Without a channel whose direct messages they are, one's own saved messages.
            let request = messages::DeleteSavedHistory::from_bytes(body).ok()?;
            request.parent_peer.as_ref().map_or(LineId::Common, line)
        }
        _ => return None,
    };
    Some(line)
}

fn line(peer: &enums::InputPeer) -> LineId {
    match peer {
        enums::InputPeer::Channel(channel) => LineId::Channel(channel.channel_id),
        enums::InputPeer::ChannelFromMessage(channel) => LineId::Channel(channel.channel_id),
        _ => LineId::Common,
    }
}

fn line_of_channel(channel: &enums::InputChannel) -> Option<LineId> {
    match channel {
        enums::InputChannel::Channel(channel) => Some(LineId::Channel(channel.channel_id)),
        enums::InputChannel::FromMessage(channel) => Some(LineId::Channel(channel.channel_id)),
        enums::InputChannel::Empty => None,
    }
}

/// Whether this answer says that somebody is logged in from now on.
pub(crate) fn logs_in(object: &[u8]) -> bool {
    let Some(id) = object.first_chunk().map(|id| u32::from_le_bytes(*id)) else { return false };
    [
        types::auth::Authorization::CONSTRUCTOR_ID,
        types::auth::LoginTokenSuccess::CONSTRUCTOR_ID,
        types::auth::SentCodeSuccess::CONSTRUCTOR_ID,
    ]
    .contains(&id)
}

/// Reads the answer to what was asked.
pub(crate) fn read(asked: &Asked, object: &[u8], account: &dyn Account) -> Came {
    match taken(asked, object, account) {
        Ok(came) => came,
        Err(error) => {
            // The caller is told so too, and nothing is handed out: it is no update as it stands.
            tracing::debug!(%error, "an answer can't be read, the difference is fetched");
            Came::missed(Missed::Something)
        }
    }
}

fn taken(asked: &Asked, object: &[u8], account: &dyn Account) -> Result<Came, Error> {
    let Some(id) = object.first_chunk().map(|id| u32::from_le_bytes(*id)) else {
        return Ok(Came::nothing());
    };
    use enums::{messages, payments};
    let updates = match id {
        _ if asked == &Asked::Nothing => return Ok(Came::nothing()),
        types::messages::AffectedMessages::CONSTRUCTOR_ID => {
            let messages::AffectedMessages::Messages(it) = Deserializable::from_bytes(object)?;
            return Ok(affected(asked, it.pts, it.pts_count));
        }
        types::messages::AffectedHistory::CONSTRUCTOR_ID => {
            let messages::AffectedHistory::History(it) = Deserializable::from_bytes(object)?;
            return Ok(affected(asked, it.pts, it.pts_count));
        }
        types::messages::AffectedFoundMessages::CONSTRUCTOR_ID => {
            let messages::AffectedFoundMessages::Messages(it) = Deserializable::from_bytes(object)?;
            return Ok(affected(asked, it.pts, it.pts_count));
        }
        types::messages::InvitedUsers::CONSTRUCTOR_ID => {
            let messages::InvitedUsers::Users(it) = Deserializable::from_bytes(object)?;
            it.updates
        }
        types::messages::ChatInviteJoinResultOk::CONSTRUCTOR_ID => {
            match Deserializable::from_bytes(object)? {
                messages::ChatInviteJoinResult::Ok(it) => it.updates,
                messages::ChatInviteJoinResult::WebView(_) => return Ok(Came::nothing()),
            }
        }
        types::payments::PaymentResult::CONSTRUCTOR_ID => match Deserializable::from_bytes(object)?
        {
            payments::PaymentResult::Result(it) => it.updates,
            payments::PaymentResult::PaymentVerificationNeeded(_) => return Ok(Came::nothing()),
        },
        types::messages::ChatInviteJoinResultWebView::CONSTRUCTOR_ID
        | types::payments::PaymentVerificationNeeded::CONSTRUCTOR_ID => return Ok(Came::nothing()),
        _ => Deserializable::from_bytes(object)?,
    };
    Ok(match (updates, asked) {
        (enums::Updates::UpdateShortSentMessage(short), Asked::Sent(request)) => {
            let (pts, pts_count) = (short.pts, short.pts_count);
            match sent_message(request, *short, account.me()) {
                Some(message) => batch::take_one(batch::new_message(message, pts, pts_count)),
                None => {
                    Came::missed(Missed::Update { line: LineId::Common, at: pts, count: pts_count })
                }
            }
        }
        (updates, _) => batch::take(updates, account),
    })
}

/// A place taken without an update to show for it.
fn affected(asked: &Asked, at: i32, count: i32) -> Came {
    let Asked::Affects(line) = *asked else { return Came::missed(Missed::Something) };
    let mut came = Came::nothing();
    came.batch.updates.push((Place::In { line, at, count }, Item::Nothing));
    came
}

/// The message that `updateShortSentMessage` speaks of: what it leaves out stands in the request.
/// `None` where that does not name its chat.
pub(crate) fn sent_message(
    request: &functions::messages::SendMessage,
    short: types::UpdateShortSentMessage,
    me: Option<i64>,
) -> Option<types::Message> {
    let peer_id = match &request.peer {
        enums::InputPeer::PeerSelf => types::PeerUser { user_id: me? }.into(),
        enums::InputPeer::User(peer) => types::PeerUser { user_id: peer.user_id }.into(),
        enums::InputPeer::UserFromMessage(peer) => types::PeerUser { user_id: peer.user_id }.into(),
        enums::InputPeer::Chat(peer) => types::PeerChat { chat_id: peer.chat_id }.into(),
        _ => return None,
    };
    Some(types::Message {
        out: short.out,
        silent: request.silent,
        noforwards: request.noforwards,
        invert_media: request.invert_media,
        from_id: me.map(|user_id| types::PeerUser { user_id }.into()),
        reply_to: request.reply_to.as_ref().and_then(|reply| reply_header(reply, me)),
        media: short.media,
        reply_markup: request.reply_markup.clone(),
        entities: short.entities,
        ttl_period: short.ttl_period,
        effect: request.effect,
        ..types::Message::new(short.id, peer_id, short.date, request.message.clone())
    })
}

fn reply_header(reply: &enums::InputReplyTo, me: Option<i64>) -> Option<enums::MessageReplyHeader> {
    let enums::InputReplyTo::Message(reply) = reply else { return None };
    let peer = reply.reply_to_peer_id.as_ref().and_then(|peer| match peer {
        enums::InputPeer::PeerSelf => Some(types::PeerUser { user_id: me? }.into()),
        enums::InputPeer::User(peer) => Some(types::PeerUser { user_id: peer.user_id }.into()),
        enums::InputPeer::Chat(peer) => Some(types::PeerChat { chat_id: peer.chat_id }.into()),
        enums::InputPeer::Channel(peer) => {
            Some(types::PeerChannel { channel_id: peer.channel_id }.into())
        }
        _ => None,
    });
    let header = types::MessageReplyHeader {
        quote: reply.quote_text.is_some(),
        reply_to_msg_id: Some(reply.reply_to_msg_id),
        reply_to_peer_id: peer,
        reply_to_top_id: reply.top_msg_id,
        quote_text: reply.quote_text.clone(),
        quote_entities: reply.quote_entities.clone(),
        quote_offset: reply.quote_offset,
        ..types::MessageReplyHeader::new()
    };
    Some(header.into())
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
