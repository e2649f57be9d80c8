//! What can be said to the program.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  layer                                      the tour: everything at work, no account needed
  layer sandbox --user Alice:+10000000001    a Telegram on this machine
  layer login --sandbox 127.0.0.1:7000 --phone +10000000001
  layer send --sandbox 127.0.0.1:7000 me 'Hello'
  layer login --api-id 12345 --api-hash abc --phone +491701234567
  layer send @someone 'Hello from layer'
  layer history @someone --limit 20 --json
  echo 'a long text' | layer send me -";

/// Telegram on the command line. Without a command: a tour of the library, on a sandbox of its own.
#[derive(Debug, Parser)]
#[command(name = "layer", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) account: Account,
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Whose account, and where.
#[derive(Args)]
#[command(next_help_heading = "Account")]
pub(crate) struct Account {
    /// The file in which the login is kept [default: layer.session, of a sandbox sandbox.session]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) session: Option<PathBuf>,
    /// A sandbox to speak to instead of Telegram, as `layer sandbox` prints it.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) sandbox: Option<SocketAddr>,
    /// The application's id, from my.telegram.org; a sandbox wants none.
    #[arg(long, global = true, env = "LAYER_API_ID", value_name = "NUMBER")]
    pub(crate) api_id: Option<i32>,
    /// The application's hash; better in the environment than here, where others can see it.
    #[arg(
        long,
        global = true,
        env = "LAYER_API_HASH",
        hide_env_values = true,
        value_name = "HASH"
    )]
    pub(crate) api_hash: Option<String>,
}

/// Shows no hash.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (session, sandbox) = (&self.session, &self.sandbox);
        f.debug_struct("Account").field("session", session).field("sandbox", sandbox).finish()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in, talk, break things and heal, step by step.
    Tour(Tour),
    /// Serve a Telegram on a port of this machine, until Ctrl-C.
    Sandbox(Sandbox),
    /// Log in as a user or a bot; the login is kept in the session file.
    Login(Login),
    /// Log out and forget the login.
    Logout,
    /// Who is logged in.
    Whoami,
    /// Send a message.
    Send(Send),
    /// The last messages of a chat, newest first.
    History(History),
    /// The chats, those with the newest messages first.
    Chats(Chats),
    /// Print what happens, until Ctrl-C.
    Listen(Listen),
}

impl Default for Command {
    fn default() -> Self {
        Self::Tour(Tour::default())
    }
}

#[derive(Debug, Default, Args)]
pub(crate) struct Tour {
    /// Break something in the step of this name, to see how the tour ends then.
    #[arg(long, value_name = "STEP")]
    pub(crate) fault: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// The port of the data centre that is home; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// A folder in which it is kept from one run to the next.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// A user to begin with. The login code is printed when one is asked for.
    #[arg(long, value_name = "NAME:PHONE")]
    pub(crate) user: Vec<String>,
    /// A bot to begin with; its token is printed.
    #[arg(long, value_name = "NAME:USERNAME")]
    pub(crate) bot: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Login {
    /// The phone number, with the country's code; asked for if it is not given.
    #[arg(long, conflicts_with = "bot_token")]
    pub(crate) phone: Option<String>,
    /// Log in as a bot, with the token from @BotFather.
    #[arg(long, env = "LAYER_BOT_TOKEN", hide_env_values = true)]
    pub(crate) bot_token: Option<String>,
    /// The code, if it is known already; asked for otherwise.
    #[arg(long)]
    pub(crate) code: Option<String>,
}

/// Shows nothing of whose login it is.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// me, @name, +phone, an id or a t.me link.
    pub(crate) peer: String,
    /// The text; `-` reads it from the standard input.
    pub(crate) text: String,
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
}

#[derive(Debug, Args)]
pub(crate) struct History {
    /// me, @name, +phone, an id or a t.me link.
    pub(crate) peer: String,
    /// So many messages at most.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Chats {
    /// So many chats at most.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Also tell what happened since the program listened last.
    #[arg(long)]
    pub(crate) catch_up: bool,
    /// End after so many updates.
    #[arg(long, value_name = "COUNT")]
    pub(crate) count: Option<usize>,
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
    fn debug_shows_no_secret() {
        let line = ["layer", "login", "--api-hash", "hash!", "--bot-token", "token!"];
        let text = format!("{:?}", Arguments::try_parse_from(line).unwrap());
        assert!(!text.contains("hash!") && !text.contains("token!"), "{text}");
    }
}
