//! Commands to a running server, one to a line, as the program takes them: for tests in another
//! process or another language, which need time to pass or trouble to come.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::Listener;
use crate::RpcError;
use crate::faults::Faults;

/// What [`Listener::command`] understands, for a program's help.
pub const COMMANDS: &str = "\
  advance SECONDS   moves the server's clocks on; what falls due by that is done
  shift SECONDS     sets its wall clock alone forward, or back if negative
  restart           closes all connections and forgets the sessions; the keys are kept
  stale-salts       makes all salts that clients know worthless
  cut-links         closes all connections
  refuse-links N    closes the next N connections as soon as they are there
  refuse-call CODE NAME
                    refuses the next query with this error, as 420 FLOOD_WAIT_3
  fault NAME VALUE  makes the server behave as servers sometimes do; VALUE is on or off for
                    gzip-answers, no-containers, announce, strict-acks, want-init, mute; how often for
                    refuse-containers, ask-states, tell-states, ask-resend, and for cut-when-sent, by
                    which a link is closed when a text was sent over it, before the answer; and for
                    refuse the code with which the next packet is not taken
  add-user PHONE NAME
                    puts in a user, unless there is one with this number, and tells the id
  add-bot USERNAME NAME
                    puts in a bot, and tells its id and token
  set-inline USERNAME TEXT
                    lets a bot be asked inline, with this text in the empty field
  code PHONE        tells the login code that was sent to this number last and is not used yet
  stats             tells what clients have sent and been told, how many keys are known, and how
                    many messages are kept until they are acknowledged: `name=value ...`";

/// A command that can't be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no such command, or it has not so many arguments.
    #[error("not a command: {0:?}")]
    Unknown(String),
    /// There is no such fault.
    #[error("no fault is called {0:?}")]
    UnknownFault(String),
    /// No code waits for this number, or none that is typed.
    #[error("no code was sent to {0:?}")]
    NoCode(String),
    /// An argument can't be read.
    #[error("{argument:?} is not {expected}")]
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
                let seconds: u32 = argument(seconds, "a number of seconds")?;
                self.advance(Duration::from_secs(seconds.into()));
            }
            ["shift", seconds] => {
                let seconds: i32 = argument(seconds, "a number of seconds")?;
                self.shift(seconds.into());
            }
            ["restart"] => self.restart(),
            ["stale-salts"] => self.stale_salts(),
            ["cut-links"] => self.cut_links(),
            ["refuse-links", count] => self.refuse_links(argument(count, "a number")?),
            ["refuse-call", code, name] => {
                let error = RpcError::new(argument(code, "a code")?, *name);
                self.world().faults.refuse_calls(None, error, 1);
            }
            ["fault", name, value] => set_fault(&mut self.world().faults, name, value)?,
            ["add-user", phone, name @ ..] if !name.is_empty() => {
                return Ok(self.world().add_user(&name.join(" "), phone).to_string());
            }
            ["add-bot", username, name @ ..] if !name.is_empty() => {
                let (id, token) = self.world().add_bot(&name.join(" "), username);
                return Ok(format!("{id} {token}"));
            }
            ["set-inline", username, text @ ..] if !text.is_empty() => {
                let mut world = self.world();
                let id = world.accounts.by_username(username).map(|user| user.id);
                let user = id.and_then(|id| world.accounts.get_mut(id));
                let bot = user.and_then(|user| user.bot.as_mut());
                let bot = bot.ok_or_else(|| CommandError::Argument {
                    expected: "a bot's username",
                    argument: (*username).to_owned(),
                })?;
                bot.inline_placeholder = Some(text.join(" "));
            }
            ["code", phone] => {
                let code = self.world().code_for(phone);
                return code.ok_or_else(|| CommandError::NoCode((*phone).to_owned()));
            }
            ["stats"] => {
                let world = self.world();
                let sessions =
                    || world.sessions.ids().filter_map(|(key, id)| world.sessions.get(key, id));
                let kept: usize = sessions().map(|session| session.footprint().kept).sum();
                let keys = world.keys.len();
                return Ok(format!("{} keys={keys} unacknowledged={kept}", world.tally));
            }
            _ => return Err(CommandError::Unknown(line.trim().to_owned())),
        }
        Ok(String::new())
    }
}

fn set_fault(faults: &mut Faults, name: &str, value: &str) -> Result<(), CommandError> {
    let switch = || match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(CommandError::Argument { expected: "on or off", argument: value.to_owned() }),
    };
    let times = || argument(value, "a number of times");
    match name {
        "gzip-answers" => faults.gzip_answers = switch()?,
        "no-containers" => faults.no_containers = switch()?,
        "announce" => faults.announce = switch()?,
        "strict-acks" => faults.strict_acks = switch()?,
        "mute" => faults.mute = switch()?,
        "want-init" => faults.want_init = switch()?,
        "refuse-containers" => faults.refuse_containers = times()?,
        "ask-states" => faults.ask_states = times()?,
        "tell-states" => faults.tell_states = times()?,
        "cut-when-sent" => faults.cut_when_sent = times()?,
        "ask-resend" => faults.ask_resend = times()?,
        "refuse" => faults.refuse.push_back(argument(value, "a code")?),
        _ => return Err(CommandError::UnknownFault(name.to_owned())),
    }
    Ok(())
}

fn argument<T: FromStr>(argument: &str, expected: &'static str) -> Result<T, CommandError> {
    let unreadable = |_| CommandError::Argument { expected, argument: argument.to_owned() };
    argument.parse().map_err(unreadable)
}
