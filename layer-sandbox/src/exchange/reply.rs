//! What the server answers, before it is written.

use layer_tl_types::{Serializable, enums, types};

/// An answer about to be written, for a test to alter.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To `req_pq`.
    ResPq(types::ResPq),
    /// What will be encrypted into `server_DH_params_ok`. The server goes on with its own values.
    ServerDhInnerData(types::ServerDhInnerData),
    /// To `req_DH_params`.
    ServerDhParams(enums::ServerDhParams),
    /// To `set_client_DH_params`.
    ClientDhAnswer(enums::SetClientDhParamsAnswer),
}

impl Reply {
    /// The bytes of the boxed object.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::ResPq(res_pq) => enums::ResPq::Pq(res_pq.clone()).to_bytes(),
            Self::ServerDhInnerData(inner) => {
                enums::ServerDhInnerData::Data(inner.clone()).to_bytes()
            }
            Self::ServerDhParams(params) => params.to_bytes(),
            Self::ClientDhAnswer(answer) => answer.to_bytes(),
        }
    }
}
