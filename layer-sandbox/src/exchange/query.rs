//! What a client may ask.

use layer_tl_types::{Cursor, Deserializable, Error, Identifiable, functions};

pub(super) enum Query {
    ReqPq([u8; 16]),
    DhParams(functions::ReqDhParams),
    ClientDh(functions::SetClientDhParams),
}

impl Query {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        Ok(match cursor.constructor_id()? {
            functions::ReqPq::CONSTRUCTOR_ID => {
                Self::ReqPq(functions::ReqPq::deserialize(cursor)?.nonce)
            }
            functions::ReqPqMulti::CONSTRUCTOR_ID => {
                Self::ReqPq(functions::ReqPqMulti::deserialize(cursor)?.nonce)
            }
            functions::ReqDhParams::CONSTRUCTOR_ID => {
                Self::DhParams(Deserializable::deserialize(cursor)?)
            }
            functions::SetClientDhParams::CONSTRUCTOR_ID => {
                Self::ClientDh(Deserializable::deserialize(cursor)?)
            }
            id => {
                return Err(Error::UnknownConstructor {
                    id,
                    ty: "query of a key exchange",
                    offset: 0,
                });
            }
        })
    }

    pub(super) fn starts(&self) -> bool {
        matches!(self, Self::ReqPq(_))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::ReqPq(_) => "req_pq",
            Self::DhParams(_) => "req_DH_params",
            Self::ClientDh(_) => "set_client_DH_params",
        }
    }
}
