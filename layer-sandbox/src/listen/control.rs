//! Commands to a running server, one to a line, as the program takes them: for tests in another
//! process or another language, which need time to pass or trouble to come.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::Listener;

/// What [`Listener::command`] understands, for a program's help.
pub const COMMANDS: &str = "\
advance SECONDS   moves the server's clocks on; what falls due by that is done
shift SECONDS     sets its wall clock alone forward, or back if negative
restart           closes all connections and forgets the sessions; the keys are kept
stale-salts       makes all salts that clients know worthless
stats             tells what clients have sent and been told: `name=value ...`";

/// A command that can't be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no such command, or it has not so many arguments.
    #[error("not a command: {0:?}")]
    Unknown(String),
    /// An argument can't be read.
    #[error("{argument:?} is no {expected}")]
    Argument {
        /// What would be one.
        expected: &'static str,
        /// What was given.
        argument: String,
    },
}

impl Listener {
    /// Carries out a command of [`COMMANDS`] and returns what it tells, one line without its end.
    ///
    /// ```
    /// # use layer_sandbox::{Listener, Settings};
    /// let server = Listener::bind("127.0.0.1:0", Settings::default())?;
    /// let before = server.now().unix();
    /// server.command("advance 3600")?;
    /// assert!(server.now().unix() >= before + 3600);
    /// server.command("rewind 3600").unwrap_err();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the line is no command, or has other arguments than it should. Nothing was done then.
    pub fn command(&self, line: &str) -> Result<String, CommandError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["advance", seconds] => {
                let seconds: u32 = argument(seconds, "number of seconds")?;
                self.advance(Duration::from_secs(seconds.into()));
            }
            ["shift", seconds] => {
                let seconds: i32 = argument(seconds, "number of seconds")?;
                self.shift(seconds.into());
            }
            ["restart"] => self.restart(),
            ["stale-salts"] => self.stale_salts(),
            ["stats"] => return Ok(self.world().tally.to_string()),
            _ => return Err(CommandError::Unknown(line.trim().to_owned())),
        }
        Ok(String::new())
    }
}

fn argument<T: FromStr>(argument: &str, expected: &'static str) -> Result<T, CommandError> {
    let unreadable = |_| CommandError::Argument { expected, argument: argument.to_owned() };
    argument.parse().map_err(unreadable)
}
