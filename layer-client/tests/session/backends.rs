//! The suite, for each backend.

use std::path::Path;
use std::sync::{Arc, Mutex};

use layer_client::session::{
    BinaryFileBackend, BoxFuture, InMemoryBackend, SavedSession, SessionBackend, StringSession,
    StringSessionBackend,
};

use crate::sim_disk::SimDisk;
use crate::suite::{Place, suite};
use crate::temp::TempFolder;

mod file {
    use super::*;

    impl Place for TempFolder {
        fn new() -> Self {
            TempFolder::new()
        }

        fn open(&self) -> BoxFuture<'_, Arc<dyn SessionBackend>> {
            Box::pin(async { Arc::new(BinaryFileBackend::new(self.file())) as _ })
        }
    }

    suite!(TempFolder);
}

/// Rewritten at every opportunity.
mod eager_file {
    use super::*;

    impl Place for Arc<SimDisk> {
        fn new() -> Self {
            Arc::new(SimDisk::default())
        }

        fn open(&self) -> BoxFuture<'_, Arc<dyn SessionBackend>> {
            let backend = BinaryFileBackend::with_disk(Path::new("/my.session"), self.clone());
            Box::pin(async { Arc::new(backend.rewrite_above(0)) as _ })
        }
    }

    suite!(Arc<SimDisk>);
}

mod memory {
    use super::*;

    struct Memory(Arc<InMemoryBackend>);

    impl Place for Memory {
        fn new() -> Self {
            Self(Arc::default())
        }

        fn open(&self) -> BoxFuture<'_, Arc<dyn SessionBackend>> {
            Box::pin(async { self.0.clone() as _ })
        }
    }

    suite!(Memory);
}

mod string {
    use super::*;

    /// The string, or the backend that will give it.
    struct Text(Mutex<(String, Option<Arc<StringSessionBackend>>)>);

    impl Place for Text {
        fn new() -> Self {
            Self(Mutex::new((StringSession::default().encode(), None)))
        }

        fn open(&self) -> BoxFuture<'_, Arc<dyn SessionBackend>> {
            Box::pin(async {
                let mut text = self.0.lock().unwrap();
                let backend = Arc::new(StringSessionBackend::parse(&text.0).unwrap());
                text.1 = Some(backend.clone());
                backend as _
            })
        }

        fn leave(&self, _: Arc<dyn SessionBackend>) {
            let mut text = self.0.lock().unwrap();
            text.0 = text.1.take().unwrap().export();
        }

        fn kept(&self, session: &SavedSession) -> SavedSession {
            let mut session = session.clone();
            for dc in &mut session.dcs {
                dc.addresses.clear();
                dc.salts.clear();
                dc.set_aside.clear();
            }
            session
        }
    }

    suite!(Text);
}
