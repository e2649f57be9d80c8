//! What lies in a packet.

/// Bytes before the body of a plain message: eight zeros, msg_id, length.
pub const PLAIN_HEADER: usize = 20;
