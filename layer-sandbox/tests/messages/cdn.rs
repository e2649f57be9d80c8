//! Files that lie at another data centre, or are given out by a CDN.

use std::net::{Ipv4Addr, SocketAddr};

use layer_crypto::aes_ctr::AesCtr256;
use layer_crypto::hash::sha256;
use layer_sandbox::keys::cdn_key;
use layer_sandbox::{Caller, Cdn, Peer, RpcError, Settings};
use layer_tl_types::{RemoteCall, enums, functions, types};

use crate::files::{at, bytes, uploaded_document};
use crate::room::Room;

const CDN: i32 = 203;

fn apart() -> Room {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
    let addresses = [2, 4, CDN].map(|dc| (dc, address)).into();
    let cdn = Some(Cdn { dc: CDN, key: cdn_key() });
    let mut room = Room::with(Settings { addresses, cdn, ..Settings::default() });
    room.world.log_in(44, room.alice);
    room
}

impl Room {
    /// Somebody asks by a key at a data centre.
    fn ask_at<Q: RemoteCall>(
        &mut self,
        dc: i32,
        key: i64,
        query: &Q,
    ) -> Result<Q::Return, RpcError> {
        self.world.invoke(&Caller::new(key, 2, dc, self.now), query)
    }

    fn redirected(&mut self, contents: &[u8]) -> types::upload::FileCdnRedirect {
        let file = self.upload(1, contents, 512 << 10);
        let document = self.send_document(file).unwrap();
        let query = functions::upload::GetFile::new(at(&document, ""), 0, 1 << 20);
        let query = functions::upload::GetFile { cdn_supported: true, ..query };
        match self.ask(self.alice, &query).unwrap() {
            enums::upload::File::CdnRedirect(redirect) => redirect,
            other => panic!("{other:?}"),
        }
    }

    /// What the CDN, which does not know who asks, answers.
    fn cdn(
        &mut self,
        token: &[u8],
        offset: i64,
        limit: i32,
    ) -> Result<enums::upload::CdnFile, String> {
        let query = functions::upload::GetCdnFile { file_token: token.to_vec(), offset, limit };
        self.ask_at(CDN, 999, &query).map_err(|error| error.to_string())
    }

    fn bring(&mut self, redirect: &types::upload::FileCdnRedirect) -> Vec<enums::FileHash> {
        let needed = self.cdn(&redirect.file_token, 0, 4096).unwrap();
        let enums::upload::CdnFile::ReuploadNeeded(needed) = needed else { panic!("{needed:?}") };
        let query = functions::upload::ReuploadCdnFile {
            file_token: redirect.file_token.clone(),
            request_token: needed.request_token,
        };
        self.ask(self.alice, &query).unwrap()
    }

    fn cdn_bytes(&mut self, token: &[u8], offset: i64, limit: i32) -> Vec<u8> {
        match self.cdn(token, offset, limit).unwrap() {
            enums::upload::CdnFile::File(file) => file.bytes,
            other => panic!("{other:?}"),
        }
    }
}

/// As the client does it: the last four bytes of the vector are the block's number.
fn decipher(redirect: &types::upload::FileCdnRedirect, offset: usize, bytes: &mut [u8]) {
    let key = redirect.encryption_key.as_slice().try_into().unwrap();
    let mut iv: [u8; 16] = redirect.encryption_iv.as_slice().try_into().unwrap();
    iv[12..].copy_from_slice(&((offset / 16) as u32).to_be_bytes());
    AesCtr256::new(key, &iv).apply(bytes);
}

#[test]
fn a_file_is_had_where_it_lies() {
    let mut room = apart();
    room.world.habits.file_dc = Some(4);
    let file = room.upload(1, b"text", 1024);
    let document = room.send_document(file).unwrap();
    assert_eq!(document.dc_id, 4);
    let query = functions::upload::GetFile::new(at(&document, ""), 0, 4096);
    assert_eq!(room.refused(room.alice, &query), "303 FILE_MIGRATE_4");
    let query = functions::upload::GetFileHashes { location: at(&document, ""), offset: 0 };
    assert_eq!(room.refused(room.alice, &query), "303 FILE_MIGRATE_4");
    for dc in [4, 10_004, -4] {
        let query = functions::upload::GetFile::new(at(&document, ""), 0, 4096);
        assert!(room.ask_at(dc, 44, &query).is_ok());
    }
}

#[test]
fn parts_are_used_where_they_were_sent_to() {
    let mut room = apart();
    let query = functions::upload::SaveFilePart { file_id: 1, file_part: 0, bytes: vec![1] };
    room.ask_at(4, 44, &query).unwrap();
    let file = types::InputFile { id: 1, parts: 1, name: "a".into(), md5_checksum: "".into() };
    let peer = room.named(room.alice, Peer::User(room.bob));
    let query = functions::messages::UploadMedia::new(peer, uploaded_document(file.into()));
    assert_eq!(room.refused(room.alice, &query), "400 FILE_PART_0_MISSING");
    assert!(room.ask_at(4, 44, &query).is_ok());
}

#[test]
fn a_cdn_gives_out_what_its_client_can_read_and_check() {
    let mut room = apart();
    let contents = bytes((1 << 20) + 150_000);
    let redirect = room.redirected(&contents);
    assert_eq!(redirect.dc_id, CDN);
    assert_eq!(room.bring(&redirect), redirect.file_hashes);
    let mut got = Vec::new();
    while got.len() < contents.len() {
        let mut bytes = room.cdn_bytes(&redirect.file_token, got.len() as i64, 128 << 10);
        decipher(&redirect, got.len(), &mut bytes);
        let (file_token, offset) = (redirect.file_token.clone(), got.len() as i64);
        let query = functions::upload::GetCdnFileHashes { file_token, offset };
        let enums::FileHash::Hash(hash) = room.ask(room.alice, &query).unwrap().remove(0);
        assert_eq!((hash.offset, hash.limit as usize), (offset, bytes.len()));
        assert_eq!(hash.hash, sha256(&[&bytes]));
        got.extend(bytes);
    }
    assert!(got == contents);
    // The same file has the same token, and who takes no CDN has it from here.
    let file = redirect.file_token.clone();
    room.world.faults.corrupt_cdn = 1;
    let mut wrong = room.cdn_bytes(&file, 0, 128 << 10);
    decipher(&redirect, 0, &mut wrong);
    assert!(wrong != contents[..128 << 10]);
    assert_eq!(wrong[1..], contents[1..128 << 10]);
}

#[test]
fn a_cdn_forgets_files_and_tokens() {
    let mut room = apart();
    let redirect = room.redirected(b"text");
    let token = redirect.file_token.clone();
    let query =
        functions::upload::ReuploadCdnFile { file_token: token.clone(), request_token: vec![1] };
    assert_eq!(room.refused(room.alice, &query), "400 REQUEST_TOKEN_INVALID");
    room.bring(&redirect);
    assert_eq!(room.cdn_bytes(&token, 0, 4096).len(), 4);
    assert_eq!(room.cdn(&token, 1, 4096).unwrap_err(), "400 OFFSET_INVALID");
    assert_eq!(room.cdn(&token, 0, 4095).unwrap_err(), "400 LIMIT_INVALID");
    room.world.forget_cdn_files();
    room.bring(&redirect);
    room.world.forget_cdn_tokens();
    assert_eq!(room.cdn(&token, 0, 4096).unwrap_err(), "400 FILE_TOKEN_INVALID");
    let query = functions::upload::GetCdnFileHashes { file_token: token, offset: 0 };
    assert_eq!(room.refused(room.alice, &query), "400 FILE_TOKEN_INVALID");
}

#[test]
fn a_cdn_answers_nothing_else_and_nobody_else_answers_for_it() {
    let mut room = apart();
    let state = functions::updates::GetState {};
    let refused = room.ask_at(CDN, 999, &state).unwrap_err();
    assert_eq!(refused.to_string(), "400 CDN_METHOD_INVALID");
    let query = functions::upload::GetCdnFile { file_token: vec![], offset: 0, limit: 4096 };
    assert_eq!(room.refused(room.alice, &query), "400 METHOD_INVALID");
    let query = functions::auth::ExportAuthorization { dc_id: CDN };
    assert_eq!(room.refused(room.alice, &query), "400 DC_ID_INVALID");
    let enums::CdnConfig::Config(config) =
        room.ask(room.alice, &functions::help::GetCdnConfig {}).unwrap();
    let enums::CdnPublicKey::Key(key) = &config.public_keys[0];
    assert_eq!((key.dc_id, &key.public_key), (CDN, &cdn_key().public().to_pem()));
    let enums::Config::Config(config) =
        room.ask(room.alice, &functions::help::GetConfig {}).unwrap();
    let cdns = config.dc_options.iter().filter(|option| {
        let enums::DcOption::Option(option) = option;
        option.cdn
    });
    assert_eq!(cdns.count(), 1);
}
