//! What can be said to the program.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::examples;

/// Telegram on the command line. Without a command: a tour of the library, on a sandbox of its own.
///
/// What is asked for goes to the standard output, everything else to the other one. It ends with 0 when
/// all went well, with 1 when something failed, with 2 when it does not understand what it is told.
#[derive(Debug, Parser)]
#[command(name = "layer", version, after_help = examples::ALL)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in, talk, break things and heal, step by step, on a sandbox in this process.
    #[command(after_help = examples::TOUR)]
    Tour(Tour),
    /// Serve a Telegram on ports of this machine, until Ctrl-C.
    #[command(after_help = examples::SANDBOX)]
    Sandbox(Sandbox),
    /// Log in as a user or a bot; the login is kept in the session file.
    #[command(after_help = examples::LOGIN)]
    Login(Login),
    /// Log out and forget the login.
    #[command(after_help = examples::LOGOUT)]
    Logout(Account),
    /// Tell who is logged in.
    #[command(after_help = examples::WHOAMI)]
    Whoami(Account),
    /// Send a message, or a file.
    #[command(after_help = examples::SEND)]
    Send(Send),
    /// Fetch the photo or file of a message.
    #[command(after_help = examples::DOWNLOAD)]
    Download(Download),
    /// Print the last messages of a chat, the newest first.
    #[command(after_help = examples::HISTORY)]
    History(History),
    /// List the chats, those with the newest messages first.
    #[command(after_help = examples::CHATS)]
    Chats(Chats),
    /// Print what happens, until Ctrl-C.
    #[command(after_help = examples::LISTEN)]
    Listen(Listen),
}

impl Default for Command {
    fn default() -> Self {
        Self::Tour(Tour::default())
    }
}

/// Whose account, and the way to its server.
#[derive(Args)]
#[command(next_help_heading = "Account")]
pub(crate) struct Account {
    /// The file in which the login is kept [default: layer.session, of a sandbox sandbox.session]
    #[arg(long, value_name = "FILE")]
    pub(crate) session: Option<PathBuf>,
    /// The application's id, from my.telegram.org; a sandbox wants none.
    #[arg(long, env = "LAYER_API_ID", value_name = "NUMBER")]
    pub(crate) api_id: Option<i32>,
    /// The application's hash; better in the environment than here, where others can see it.
    #[arg(long, env = "LAYER_API_HASH", hide_env_values = true, value_name = "HASH")]
    pub(crate) api_hash: Option<String>,
    /// A sandbox to speak to instead of Telegram, as `layer sandbox` prints it.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) sandbox: Option<SocketAddr>,
    /// The sandbox's public key, in PEM, if it has one of its own [default: that of all sandboxes]
    #[arg(long, value_name = "FILE", requires = "sandbox")]
    pub(crate) key: Option<PathBuf>,
    /// A proxy: `socks5://user:password@host:port` or `http://user:password@host:port`, both also
    /// without user and password, or `tg://proxy?server=…&port=…&secret=…`
    #[arg(long, env = "LAYER_PROXY", hide_env_values = true, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// How long the server may be silent before that is an error [default: 15, of a request 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

/// Shows no hash, and no password of a proxy.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("session", &self.session)
            .field("sandbox", &self.sandbox)
            .field("key", &self.key)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|seconds| *seconds > 0.0);
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // More is for ever, which a clock can't be set to.
    time.filter(|time| (Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(time))
        .ok_or_else(|| "seconds are a number, such as 5 or 0.5, and no more than a day".to_owned())
}

#[derive(Debug, Default, Args)]
pub(crate) struct Tour {
    /// Break the sandbox in the step of this name, to see how the tour ends then.
    #[arg(long, value_name = "STEP")]
    pub(crate) fault: Option<String>,
}

#[derive(Args)]
pub(crate) struct Sandbox {
    /// The port of the data centre that is home; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// A folder in which it is kept from one run to the next.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// A user to begin with, who may have a password. Login codes are printed when they are asked for.
    #[arg(long, value_name = "NAME:PHONE[:PASSWORD]")]
    pub(crate) user: Vec<String>,
    /// A bot to begin with; its token is printed.
    #[arg(long, value_name = "NAME:USERNAME")]
    pub(crate) bot: Vec<String>,
}

/// Shows no phone number, and no password.
impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, folder, .. } = self;
        f.debug_struct("Sandbox")
            .field("port", port)
            .field("folder", folder)
            .finish_non_exhaustive()
    }
}

#[derive(Args)]
pub(crate) struct Login {
    /// The phone number, with the country's code; asked for if it is not given.
    #[arg(long, conflicts_with = "bot_token")]
    pub(crate) phone: Option<String>,
    /// The code, if it is known already; asked for otherwise, and so is a password.
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// The first and the last name of who has no account yet; one is made then.
    #[arg(long, value_name = "NAME", conflicts_with = "bot_token")]
    pub(crate) name: Option<String>,
    /// Log in as a bot, with the token from @BotFather.
    #[arg(long, env = "LAYER_BOT_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) bot_token: Option<String>,
    #[command(flatten)]
    pub(crate) account: Account,
}

/// Shows nothing of whose login it is.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("account", &self.account).finish_non_exhaustive()
    }
}

#[derive(Args)]
pub(crate) struct Send {
    /// me, @name, +phone, an id or a t.me link.
    #[arg(allow_hyphen_values = true)]
    pub(crate) peer: String,
    /// The text, of a file its caption; `-` reads it from the standard input.
    #[arg(allow_hyphen_values = true, required_unless_present = "file")]
    pub(crate) text: Option<String>,
    /// A file to send, as it is; `-` reads it from the standard input, however long it is.
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// The file's name for those who get it [default: its own]
    #[arg(long, requires = "file")]
    pub(crate) name: Option<String>,
    /// Send the file as a photo, which the server makes smaller.
    #[arg(long, requires = "file")]
    pub(crate) photo: bool,
    /// Read the text as markdown.
    #[arg(long, conflicts_with = "html")]
    pub(crate) markdown: bool,
    /// Read the text as HTML.
    #[arg(long)]
    pub(crate) html: bool,
    /// The message to reply to.
    #[arg(long, value_name = "ID")]
    pub(crate) reply_to: Option<i32>,
    /// Without a sound for those who get it.
    #[arg(long)]
    pub(crate) silent: bool,
    #[command(flatten)]
    pub(crate) account: Account,
}

/// Shows neither the text nor to whom it goes.
impl fmt::Debug for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send").field("account", &self.account).finish_non_exhaustive()
    }
}

#[derive(Args)]
pub(crate) struct Download {
    /// me, @name, +phone, an id or a t.me link.
    #[arg(allow_hyphen_values = true)]
    pub(crate) peer: String,
    /// The message's id, as `layer history` shows it.
    pub(crate) message: i32,
    /// Where it goes: a file, a folder, or `-` for the standard output [default: here, under its name]
    pub(crate) path: Option<PathBuf>,
    /// Replace a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) account: Account,
}

/// Shows not whose message it is.
impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("account", &self.account).finish_non_exhaustive()
    }
}

#[derive(Args)]
pub(crate) struct History {
    /// me, @name, +phone, an id or a t.me link.
    #[arg(allow_hyphen_values = true)]
    pub(crate) peer: String,
    /// So many messages at most.
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) account: Account,
}

/// Shows not whose messages are wanted.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("account", &self.account).finish_non_exhaustive()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Chats {
    /// So many chats at most.
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) account: Account,
}

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Also tell what happened since the program listened last.
    #[arg(long)]
    pub(crate) catch_up: bool,
    /// End after so many updates.
    #[arg(long, value_name = "COUNT")]
    pub(crate) count: Option<usize>,
    #[command(flatten)]
    pub(crate) account: Account,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_is_the_tour() {
        let arguments = Arguments::try_parse_from(["layer"]).unwrap();
        assert!(matches!(arguments.command.unwrap_or_default(), Command::Tour(_)));
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        for command in Arguments::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let typed = format!("layer {}", command.get_name());
            assert!(help.contains(&typed), "{typed}: {help}");
        }
        let lines = examples::EACH.iter().flat_map(|text| text.lines());
        for line in lines.filter_map(|line| line.strip_prefix("  ")) {
            let typed = line.split("   ").next().unwrap().split(" <").next().unwrap();
            // Every second part stands between quotes.
            let parts = typed.split('\'').enumerate();
            let words: Vec<&str> = parts
                .flat_map(|(at, part)| match at % 2 {
                    0 => part.split_whitespace().collect(),
                    _ => vec![part],
                })
                .collect();
            let parsed = Arguments::try_parse_from(words);
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn a_group_s_id_is_no_option() {
        let line = ["layer", "send", "-1001234567890", "-", "--silent"];
        let arguments = Arguments::try_parse_from(line).unwrap();
        let Some(Command::Send(send)) = arguments.command else { panic!() };
        let text = send.text.as_deref();
        assert_eq!((&*send.peer, text, send.silent), ("-1001234567890", Some("-"), true));
    }

    #[test]
    fn there_is_a_text_or_a_file_to_send() {
        let parse = |line: &[&str]| Arguments::try_parse_from([&["layer", "send"], line].concat());
        assert!(parse(&["me"]).is_err());
        assert!(parse(&["me", "Hello", "--name", "a.txt"]).is_err(), "a name of no file");
        let arguments = parse(&["me", "--file", "-", "--name", "a.txt"]).unwrap();
        let Some(Command::Send(send)) = arguments.command else { panic!() };
        assert_eq!((send.text, send.file), (None, Some(PathBuf::from("-"))));
    }

    #[test]
    fn a_timeout_is_more_than_nothing_and_less_than_ever() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "1e-9", "NaN", "inf", "1e300", "soon", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let lines: [&[&str]; 4] = [
            &["login", "--phone", "secret!", "--code", "secret!", "--api-hash", "secret!"],
            &["download", "secret!", "7", "secret!"],
            &[
                "send",
                "secret!",
                "secret!",
                "--name",
                "secret!",
                "--file",
                "secret!",
                "--proxy",
                "socks5://me:secret!@host:1",
            ],
            &["sandbox", "--user", "Alice:+1:secret!"],
        ];
        for line in lines {
            let line = ["layer"].iter().chain(line);
            let text = format!("{:?}", Arguments::try_parse_from(line).unwrap());
            assert!(!text.contains("secret!"), "{text}");
        }
    }
}
