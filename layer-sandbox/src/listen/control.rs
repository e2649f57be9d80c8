//! Commands to a running server, one to a line, as the program takes them: for tests in another
//! process or another language, which need time to pass or trouble to come.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::Listener;
use crate::faults::Faults;
use crate::{Peer, RpcError, SendOptions};

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
  key DC HEX USER   puts an authorization key in, 512 hexadecimal digits, as if a client had agreed it
                    with this data centre and this user were logged in under it; tells its id
  say FROM TO N     has a user send another N short texts, or as many as the sessions of that other can
                    take without missing any; tells how many
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
    /// The server refuses it.
    #[error("refused: {0}")]
    Refused(String),
}

/// So many messages may wait in a session that [`say`](Listener::say) has something told.
const MOST_WAITING: usize = 512;

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
            ["key", dc, key, user] => {
                let (dc, user) = (argument(dc, "a number")?, argument(user, "a user's id")?);
                let id = self.insert_key(dc, read_key(key)?, Some(user));
                return id.map(|id| id.to_string()).map_err(refused);
            }
            ["say", from, to, count] => {
                let (from, to) = (argument(from, "a user's id")?, argument(to, "a user's id")?);
                return Ok(self.say(from, to, argument(count, "a number")?)?.to_string());
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

    /// Has a user send another so many texts, or as many as there is room for. Returns how many.
    fn say(&self, from: i64, to: i64, count: usize) -> Result<usize, CommandError> {
        self.shared.act(|hall| {
            let (now, world) = (hall.clock.now(), &mut hall.world);
            let sessions = world.sessions_of(to).into_iter();
            let waits = sessions.filter_map(|(key, id)| {
                let held = world.sessions.get(key, id)?.footprint();
                Some(held.kept + held.pushes)
            });
            let room = MOST_WAITING.saturating_sub(waits.max().unwrap_or_default());
            let count = count.min(room);
            for number in 0..count {
                let text = format!("message {number}");
                let sent = world.send_text(now, from, Peer::User(to), text, SendOptions::default());
                sent.map_err(refused)?;
            }
            Ok(count)
        })
    }
}

fn read_key(hex: &str) -> Result<[u8; 256], CommandError> {
    let mut key = [0; 256];
    let mut digits =
        hex.chars().map(|digit| digit.to_digit(16).and_then(|it| u8::try_from(it).ok()));
    for byte in &mut key {
        let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
            return Err(not_a_key(hex));
        };
        *byte = high << 4 | low;
    }
    if digits.next().is_some() { Err(not_a_key(hex)) } else { Ok(key) }
}

/// Without the key, should it be one but for a digit.
fn not_a_key(hex: &str) -> CommandError {
    let argument = format!("what has {} characters", hex.chars().count());
    CommandError::Argument { expected: "512 hexadecimal digits", argument }
}

fn refused(error: impl ToString) -> CommandError {
    CommandError::Refused(error.to_string())
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
