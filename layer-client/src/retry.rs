//! Whether, and after how long, a request that failed is made again.

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::InvocationError;

/// What has failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct RetryContext<'a> {
    /// How often the request has failed by now.
    pub fails: NonZeroU32,
    /// How long it has waited already between its tries.
    pub slept: Duration,
    /// How it failed the last time.
    pub error: &'a InvocationError,
}

/// Decides whether a request that failed is made again.
///
/// Data-centre migrations and expired file references are not asked about: the client sees to those
/// by itself.
pub trait RetryPolicy: Send + Sync {
    /// After how long it is made again, or that it is not.
    fn should_retry(&self, context: &RetryContext<'_>) -> ControlFlow<(), Duration>;
}

/// Never again.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRetries;

impl RetryPolicy for NoRetries {
    fn should_retry(&self, _: &RetryContext<'_>) -> ControlFlow<(), Duration> {
        ControlFlow::Break(())
    }
}

/// Waits as long as the server asks for, if that is not too long; and a little once, if the network
/// or the server failed.
///
/// ```
/// use std::time::Duration;
/// use layer_client::AutoSleep;
/// let patient = AutoSleep { threshold: Duration::from_secs(600), ..AutoSleep::default() };
/// ```
#[derive(Debug, Clone, Copy)]
pub struct AutoSleep {
    /// The longest wait that is sat out; 60 s at first.
    pub threshold: Duration,
    /// How long to wait after a fault of the network or the server, once; `None` to fail at once;
    /// 1 s at first.
    pub io_errors_as_flood_of: Option<Duration>,
}

impl Default for AutoSleep {
    fn default() -> Self {
        let (threshold, pause) = (Duration::from_secs(60), Duration::from_secs(1));
        Self { threshold, io_errors_as_flood_of: Some(pause) }
    }
}

impl RetryPolicy for AutoSleep {
    fn should_retry(&self, context: &RetryContext<'_>) -> ControlFlow<(), Duration> {
        let wait = match context.error {
            InvocationError::Rpc(error) => match error.flood_wait_seconds() {
                Some(seconds) => Some(Duration::from_secs(seconds.into())),
                None if error.code >= 500 || error.code < 0 => {
                    self.io_errors_as_flood_of.filter(|_| context.fails.get() == 1)
                }
                None => None,
            },
            InvocationError::Io(_) => {
                self.io_errors_as_flood_of.filter(|_| context.fails.get() == 1)
            }
            _ => None,
        };
        match wait.filter(|wait| *wait <= self.threshold) {
            Some(wait) => ControlFlow::Continue(wait),
            None => ControlFlow::Break(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RpcError;

    fn asked(policy: &dyn RetryPolicy, fails: u32, error: InvocationError) -> Option<u64> {
        let fails = NonZeroU32::new(fails).unwrap();
        let context = RetryContext { fails, slept: Duration::ZERO, error: &error };
        match policy.should_retry(&context) {
            ControlFlow::Continue(wait) => Some(wait.as_secs()),
            ControlFlow::Break(()) => None,
        }
    }

    fn rpc(code: i32, text: &str) -> InvocationError {
        RpcError::new(code, text).into()
    }

    #[test]
    fn sits_out_what_the_server_asks_for_up_to_the_threshold() {
        let policy = AutoSleep::default();
        assert_eq!(asked(&policy, 1, rpc(420, "FLOOD_WAIT_60")), Some(60));
        assert_eq!(asked(&policy, 9, rpc(420, "SLOWMODE_WAIT_5")), Some(5));
        assert_eq!(asked(&policy, 1, rpc(420, "FLOOD_WAIT_61")), None);
        assert_eq!(asked(&policy, 1, rpc(420, "2FA_CONFIRM_WAIT_5")), None);
        assert_eq!(asked(&NoRetries, 1, rpc(420, "FLOOD_WAIT_1")), None);
    }

    #[test]
    fn faults_are_tried_once_more_and_refusals_are_not() {
        let policy = AutoSleep::default();
        for code in [500, -503] {
            assert_eq!(asked(&policy, 1, rpc(code, "TIMEOUT")), Some(1));
            assert_eq!(asked(&policy, 2, rpc(code, "TIMEOUT")), None);
        }
        let io = || InvocationError::Io(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!((asked(&policy, 1, io()), asked(&policy, 2, io())), (Some(1), None));
        assert_eq!(asked(&policy, 1, rpc(400, "PHONE_CODE_INVALID")), None);
        assert_eq!(asked(&policy, 1, InvocationError::Unknown), None);
        let never = AutoSleep { io_errors_as_flood_of: None, ..policy };
        assert_eq!(asked(&never, 1, io()), None);
    }
}
