//! How far a file is, as a bar. It is seen on a terminal only, never in a pipe or beside JSON.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use layer_client::Progress;

const KNOWN: &str = "  {bar:32} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}";
const UNKNOWN: &str = "  {spinner} {bytes}  {bytes_per_sec}";

/// A bar on the standard error output, gone when it is dropped.
pub(crate) struct Bar {
    bar: ProgressBar,
    has_begun: bool,
}

impl Bar {
    pub(crate) fn new(json: bool) -> Self {
        let target = if json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(style(UNKNOWN));
        Self { bar, has_begun: false }
    }

    /// So many bytes are there, of so many if that is known.
    pub(crate) fn at(&mut self, done: u64, total: Option<u64>) {
        if let Some(total) = total.filter(|total| self.bar.length() != Some(*total)) {
            self.bar.set_style(style(KNOWN));
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
        // What was there before has not come just now.
        if !std::mem::replace(&mut self.has_begun, true) {
            self.bar.reset_eta();
        }
    }

    /// What a transfer tells its progress to. The bar is gone when it has ended.
    pub(crate) fn mover(mut self) -> impl FnMut(Progress) + Send + 'static {
        move |progress| self.at(progress.done, progress.total)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_looks_are_well_written() {
        for template in [KNOWN, UNKNOWN] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
