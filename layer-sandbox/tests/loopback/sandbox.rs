//! A `Sandbox` with several data centres, and the trouble that it makes.

use std::future::Future;
use std::io::Read;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use layer_crypto::rsa::PublicKey;
use layer_sandbox::sandbox::StartError;
use layer_sandbox::{RpcError, Sandbox};
use layer_tl_types::{Deserializable, Serializable, enums, functions};
use layer_wire::framing::FramingKind;
use layer_wire::message::PlainMessage;

use crate::client::{Dialect, Scene};
use crate::socket::{Client, unix_time};

/// The simplest runtime: a sandbox is to work with each.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Parked(Thread);
    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

fn start() -> (Sandbox, PublicKey) {
    let builder = Sandbox::builder().data_centres([4, 1, 2]).seed(1);
    let sandbox = block_on(builder.start()).unwrap();
    let public = PublicKey::from_pem(&sandbox.public_key_pem()).unwrap();
    (sandbox, public)
}

fn connect(sandbox: &Sandbox, dc: i32) -> Client {
    Client::connect(sandbox.address(dc), &FramingKind::Intermediate)
}

fn req_pq(nonce: u8) -> Vec<u8> {
    functions::ReqPq { nonce: [nonce; 16] }.to_bytes()
}

#[test]
fn every_data_centre_has_an_address_and_tells_all_of_them() {
    let (sandbox, public) = start();
    assert_eq!((sandbox.home(), sandbox.data_centres()), (2, vec![1, 2, 4]));
    for dc in sandbox.data_centres() {
        let mut client = connect(&sandbox, dc);
        let mut login = client.agree(&public, unix_time());
        let enums::Config::Config(config) = client.config(&mut login);
        assert_eq!(config.this_dc, dc);
        let told = config.dc_options.iter().map(|enums::DcOption::Option(option)| {
            let address = format!("{}:{}", option.ip_address, option.port);
            (option.id, address.parse::<SocketAddr>().unwrap())
        });
        let known = sandbox.data_centres().into_iter().map(|dc| (dc, sandbox.address(dc)));
        assert!(told.eq(known));
    }
}

#[test]
fn data_centres_may_be_at_one_address_and_share_their_keys() {
    let sandbox = block_on(Sandbox::builder().together().home(4).start()).unwrap();
    let public = PublicKey::from_pem(&sandbox.public_key_pem()).unwrap();
    assert_eq!((sandbox.address(1), sandbox.home()), (sandbox.address(5), 4));
    let dialect = Dialect { dc: Some(2), ..Dialect::default() };
    let mut login = connect(&sandbox, 2).agree_as(dialect, &public, unix_time());
    let enums::Config::Config(config) = connect(&sandbox, 4).config(&mut login);
    assert_eq!((config.this_dc, config.dc_options.len()), (2, 5));
}

/// Reads until the server closes the connection.
fn rest(client: &mut Client) -> Vec<u8> {
    let mut all = Vec::new();
    client.stream.read_to_end(&mut all).unwrap();
    all
}

#[test]
fn a_key_of_one_data_centre_is_not_known_to_another() {
    let (sandbox, public) = start();
    let mut login = connect(&sandbox, 1).agree(&public, unix_time());
    let mut client = connect(&sandbox, 4);
    client.ask(&mut login, &functions::help::GetConfig {}.to_bytes());
    assert_eq!(rest(&mut client), [4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff]);
    let enums::Config::Config(config) = connect(&sandbox, 1).config(&mut login);
    assert_eq!(config.this_dc, 1);
}

#[test]
fn a_client_that_names_another_data_centre_than_it_dialled_is_told_so() {
    let (sandbox, public) = start();
    let dialect = |dc| Dialect { dc: Some(dc), ..Dialect::default() };
    connect(&sandbox, 4).agree_as(dialect(4), &public, unix_time());
    let mut client = connect(&sandbox, 4);
    let mut scene = Scene::new(7, dialect(2));
    scene.public = public;
    let body = client.plain(&scene.req_pq());
    scene.read_res_pq(&body);
    let mut packet = Vec::new();
    let query = scene.req_dh_params(|_| {}).to_bytes();
    PlainMessage { msg_id: unix_time() << 32, body: &query }.write(&mut packet);
    client.send(&packet);
    assert_eq!(rest(&mut client), [&[4, 0, 0, 0][..], &(-444_i32).to_le_bytes()].concat());
}

#[test]
fn links_are_cut_and_refused_and_taken_again() {
    let (sandbox, _) = start();
    let mut client = connect(&sandbox, 2);
    client.plain(&req_pq(1));
    sandbox.cut_links();
    assert!(client.is_closed());
    sandbox.refuse_links(2);
    assert!(connect(&sandbox, 1).is_closed());
    assert!(connect(&sandbox, 4).is_closed());
    connect(&sandbox, 4).plain(&req_pq(2));
}

#[test]
fn a_mute_server_hears_nothing_until_it_is_mute_no_more() {
    let (sandbox, _) = start();
    let mut client = connect(&sandbox, 2);
    client.plain(&req_pq(1));
    sandbox.world().faults.mute = true;
    let mut packet = Vec::new();
    PlainMessage { msg_id: 4, body: &req_pq(2) }.write(&mut packet);
    client.send(&packet);
    let unheard = |world: &layer_sandbox::World| (world.tally.unheard > 0).then_some(());
    block_on(sandbox.until(Duration::from_secs(30), unheard)).unwrap();
    sandbox.world().faults.mute = false;
    let answer = client.plain(&req_pq(3));
    let enums::ResPq::Pq(res_pq) = enums::ResPq::from_bytes(&answer).unwrap();
    assert_eq!(res_pq.nonce, [3; 16]);
}

#[test]
fn calls_are_refused_as_often_as_was_asked_for() {
    let (sandbox, public) = start();
    let mut client = connect(&sandbox, 2);
    let mut login = client.agree(&public, unix_time());
    let flood = RpcError::new(420, "FLOOD_WAIT_3");
    sandbox.world().faults.refuse_calls(None, flood, 2);
    let mut answer = || {
        let asked = client.ask(&mut login, &functions::help::GetConfig {}.to_bytes());
        client.answer(&login, asked)
    };
    for _ in 0..2 {
        let enums::RpcError::Error(error) = enums::RpcError::from_bytes(&answer()).unwrap();
        assert_eq!((error.error_code, error.error_message.as_str()), (420, "FLOOD_WAIT_3"));
    }
    enums::Config::from_bytes(&answer()).unwrap();
}

#[test]
fn who_waits_too_long_is_told_in_time() {
    let (sandbox, _) = start();
    let never = |_: &layer_sandbox::World| None::<()>;
    assert_eq!(block_on(sandbox.until(Duration::from_millis(20), never)), None);
}

#[test]
fn who_waits_is_told_of_a_change_by_another_thread() {
    let (sandbox, _) = start();
    let pinged = |world: &layer_sandbox::World| (world.tally.pings == 7).then_some("seven");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| block_on(sandbox.until(Duration::from_secs(30), pinged)));
        sandbox.world().tally.pings = 7;
        assert_eq!(waiting.join().unwrap(), Some("seven"));
    });
}

#[test]
fn data_centres_that_make_no_sense_are_refused() {
    for (dcs, home) in [(&[][..], 2), (&[1, 1], 1), (&[0, 2], 2), (&[10_000], 10_000), (&[1, 2], 3)]
    {
        let builder = Sandbox::builder().data_centres(dcs.iter().copied()).home(home);
        let refused = block_on(builder.start()).unwrap_err();
        assert!(matches!(refused, StartError::DataCentres(..)), "{refused}");
    }
    let home = Sandbox::builder().data_centres([5, 3]);
    assert_eq!(block_on(home.start()).unwrap().home(), 3);
}

#[test]
fn nothing_listens_when_a_sandbox_is_dropped() {
    let (sandbox, _) = start();
    let addresses: Vec<_> = [1, 2, 4].map(|dc| sandbox.address(dc)).into();
    let mut clients: Vec<_> = [1, 2, 4].map(|dc| connect(&sandbox, dc)).into();
    drop(sandbox);
    assert!(clients.iter_mut().all(Client::is_closed));
    for address in addresses {
        assert!(std::net::TcpStream::connect(address).is_err());
    }
}
