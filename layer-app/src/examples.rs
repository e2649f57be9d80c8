//! The examples below each command's help.

/// Below the program's own help.
pub(crate) const ALL: &str = "\
Examples:
  layer                                                   the tour: no account needed
  layer sandbox --port 7000 --user Alice:+10000000001     a Telegram on this machine
  layer login --sandbox 127.0.0.1:7000 --phone +10000000001
  layer send --sandbox 127.0.0.1:7000 me Hello

  layer login --api-id 12345 --api-hash abc               Telegram itself; both can stand in
  layer chats --json                                      LAYER_API_ID and LAYER_API_HASH

`layer help COMMAND` tells more of each.";

pub(crate) const TOUR: &str = "\
Examples:
  layer tour
  layer tour --json
  layer tour --fault 'a bot signs in'     see it fail, and how that ends";

pub(crate) const SANDBOX: &str = "\
Examples:
  layer sandbox
  layer sandbox --port 7000 --user Alice:+10000000001 --bot Echo:echo_bot
  layer sandbox --port 7000 --folder my-telegram     it is all there again next time

It takes anybody who signs up too: layer login --sandbox ADDRESS --phone +10000000009 --name Bob";

pub(crate) const LOGIN: &str = "\
Examples:
  layer login                                             asks for number, code and password
  layer login --phone +491701234567 --session work.session
  layer login --bot-token 1234567890:ABCdef
  layer login --proxy socks5://127.0.0.1:1080
  layer login --sandbox 127.0.0.1:7000 --phone +10000000009 --name Bob

Telegram wants an api_id and api_hash, from my.telegram.org; see --api-id.
What is not given is asked for, and can be piped in: a line each.";

pub(crate) const LOGOUT: &str = "\
Examples:
  layer logout
  layer logout --session work.session";

pub(crate) const WHOAMI: &str = "\
Examples:
  layer whoami
  layer whoami --sandbox 127.0.0.1:7000 --json";

pub(crate) const SEND: &str = "\
Examples:
  layer send me Hello
  layer send @someone '**bold**' --markdown --silent
  layer send -1001234567890 Yes --reply-to 7
  layer send me - < notes.txt
  layer send me --file holiday.mp4
  layer send @someone 'Look!' --file sea.jpg --photo
  layer send me --file - --name home.tar < home.tar     from a pipe too, of any length

A file of a regular path is held against its length: if it changes on the way, that is an error.";

pub(crate) const DOWNLOAD: &str = "\
Examples:
  layer download me 7                          here, under the name it was sent with
  layer download me 7 Downloads
  layer download @someone 12 sea.jpg --force
  layer download -1001234567890 4 -     to the standard output, for a pipe or a file

What is interrupted is resumed: until it is whole it lies beside its place, in a file that ends in
.part, and the same command goes on from there. Into a pipe it always begins anew.";

pub(crate) const HISTORY: &str = "\
Examples:
  layer history me
  layer history @someone --limit 100
  layer history -1001234567890 --json";

pub(crate) const CHATS: &str = "\
Examples:
  layer chats
  layer chats --limit 100 --json";

pub(crate) const LISTEN: &str = "\
Examples:
  layer listen
  layer listen --catch-up --json     with what was missed since the last time
  layer listen --count 1             the next thing that happens";

/// Those that a test types.
#[cfg(test)]
pub(crate) const EACH: [&str; 11] =
    [ALL, TOUR, SANDBOX, LOGIN, LOGOUT, WHOAMI, SEND, DOWNLOAD, HISTORY, CHATS, LISTEN];
