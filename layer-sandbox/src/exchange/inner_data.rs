//! What clients encrypt to the RSA key: the four forms of `p_q_inner_data` in one.

use layer_tl_types::{Cursor, Deserializable, Error, enums};
use zeroize::{Zeroize, Zeroizing};

/// `p_q_inner_data`, `_dc`, `_temp` or `_temp_dc`.
pub(super) struct InnerData {
    pub(super) pq: Vec<u8>,
    pub(super) p: Vec<u8>,
    pub(super) q: Vec<u8>,
    pub(super) nonce: [u8; 16],
    pub(super) server_nonce: [u8; 16],
    pub(super) new_nonce: Zeroizing<[u8; 32]>,
    pub(super) dc: Option<i32>,
    pub(super) expires_in: Option<i32>,
}

impl InnerData {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        macro_rules! inner_data {
            ($sent:ident, $dc:expr, $expires_in:expr) => {{
                let (dc, expires_in) = ($dc, $expires_in);
                let mut sent = $sent;
                let new_nonce = Zeroizing::new(sent.new_nonce);
                sent.new_nonce.zeroize();
                Self {
                    pq: sent.pq,
                    p: sent.p,
                    q: sent.q,
                    nonce: sent.nonce,
                    server_nonce: sent.server_nonce,
                    new_nonce,
                    dc,
                    expires_in,
                }
            }};
        }
        use enums::PQInnerData::{Data, Dc, Temp, TempDc};
        Ok(match enums::PQInnerData::deserialize(cursor)? {
            Data(sent) => inner_data!(sent, None, None),
            Dc(sent) => inner_data!(sent, Some(sent.dc), None),
            Temp(sent) => inner_data!(sent, None, Some(sent.expires_in)),
            TempDc(sent) => inner_data!(sent, Some(sent.dc), Some(sent.expires_in)),
        })
    }
}
