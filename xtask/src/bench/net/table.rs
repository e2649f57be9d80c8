//! The table: a line for each thing that is measured, a column for each client, and what is aimed at.

use super::client::Row;
use super::{Results, Scenario, Trips, UPDATES};

const CLIENTS: [&str; 4] = ["layer", "grammers", "Telethon", "mtcute"];

/// What is to be reached.
#[derive(Clone, Copy)]
enum Aim {
    None,
    /// So many times what grammers reaches, where more is better.
    Times(f64),
    /// At most what grammers takes.
    NoMore,
    /// At least so many.
    AtLeast(f64),
    /// At most so many.
    AtMost(f64),
}

pub(super) struct Table<'a> {
    results: &'a Results,
    with_aim: usize,
    reached: usize,
}

impl<'a> Table<'a> {
    /// Prints all of it. Returns how many rows miss their aim.
    pub(super) fn print(results: &'a Results, trips: &Trips) -> usize {
        let mut table = Self { results, with_aim: 0, reached: 0 };
        println!();
        line(["", "layer", "grammers", "Telethon", "mtcute", "ratio", "aim", ""]);
        let [one, many, connect, agree, updates, echo, files, idle, idle_many] = Scenario::ALL;
        let per_second = |row: &Row| row.amount / row.cpu;
        let megabytes = |row: &Row| row.amount / 1e6 / row.cpu;
        let per_gib = |row: &Row| row.cpu / (row.amount / f64::from(1 << 30));
        let micros = |row: &Row| row.cpu * 1e6 / row.amount;
        let millis = |row: &Row| row.wall * 1e3;
        table.row("calls per CPU s, 1 in flight", one, "calls", per_second, Aim::Times(1.2));
        table.floor("  in a loop without a client", "floor", one, per_second);
        table.floor("  in two tasks and no more", "least", one, per_second);
        table.row("calls per CPU s, 64 in flight", many, "calls", per_second, Aim::Times(1.5));
        table.row("ms to 1st answer, saved key", connect, "connect", millis, Aim::None);
        table.row("ms to 1st answer, no key", agree, "agree", millis, Aim::None);
        table.trips("round trips to it, saved key", trips, "connect", 1.0);
        table.trips("round trips to it, no key", trips, "agree", 4.0);
        let all = Aim::AtLeast(UPDATES as f64);
        table.row("updates received, default queue", updates, "updates", |row| row.amount, all);
        table.row("us CPU an update, default queue", updates, "updates", micros, Aim::None);
        table.pushed("the same, grammers' queue large", micros);
        table.row("echoes per CPU s", echo, "echo", per_second, Aim::None);
        table.row("MB up per CPU s", files, "up", megabytes, Aim::Times(10.0));
        table.row("MB down per CPU s", files, "down", megabytes, Aim::Times(2.0));
        table.row("CPU s per GiB up", files, "up", per_gib, Aim::None);
        table.row("CPU s per GiB down", files, "down", per_gib, Aim::None);
        let each = |row: &Row| row.amount / 1024.0;
        table.row("KiB an idle client, 1 more", idle, "idle", each, Aim::NoMore);
        let each = |row: &Row| row.amount / 1024.0 / idle_many.count as f64;
        table.row("KiB an idle client, 500 more", idle_many, "idle", each, Aim::NoMore);
        println!("{} of {} rows reach their aim", table.reached, table.with_aim);
        table.with_aim - table.reached
    }

    fn row(
        &mut self,
        label: &str,
        scenario: Scenario,
        name: &str,
        value: impl Fn(&Row) -> f64,
        aim: Aim,
    ) {
        let values = CLIENTS.map(|client| self.value(client, scenario, name, &value));
        self.put(label, values, aim);
    }

    /// Ours with the queue that it has by itself, grammers with one into which all fits.
    fn pushed(&mut self, label: &str, value: impl Fn(&Row) -> f64) {
        let ours = self.value("layer", Scenario::ALL[4], "updates", &value);
        let theirs = self.value("grammers", Scenario::LARGE_QUEUE, "updates", &value);
        self.put(label, [ours, theirs, None, None], Aim::NoMore);
    }

    /// What only calls, in the place of ours.
    fn floor(
        &mut self,
        label: &str,
        program: &'static str,
        scenario: Scenario,
        value: impl Fn(&Row) -> f64,
    ) {
        let [floor, theirs] =
            [program, "grammers"].map(|name| self.value(name, scenario, "calls", &value));
        self.put(label, [floor, theirs, None, None], Aim::None);
    }

    fn trips(&mut self, label: &str, trips: &Trips, name: &'static str, least: f64) {
        let values = CLIENTS.map(|client| trips.get(&(client, name)).copied().map(f64::from));
        self.put(label, values, Aim::AtMost(least));
    }

    /// The median of all rounds.
    fn value(
        &self,
        client: &'static str,
        scenario: Scenario,
        name: &str,
        value: impl Fn(&Row) -> f64,
    ) -> Option<f64> {
        let rounds = self.results.get(&(client, scenario))?;
        let rows = rounds.iter().flatten().filter(|row| row.name == name);
        median(rows.map(value).collect())
    }

    fn put(&mut self, label: &str, values: [Option<f64>; 4], aim: Aim) {
        let [ours, theirs, ..] = values;
        let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
        let (text, reached) = match aim {
            Aim::None => (String::new(), None),
            Aim::Times(times) => {
                (format!(">= {times} x"), Some(ratio.is_some_and(|it| it >= times)))
            }
            Aim::NoMore => ("<= 1 x".to_owned(), Some(ratio.is_some_and(|it| it <= 1.0))),
            Aim::AtLeast(least) => {
                (format!(">= {least}"), Some(ours.is_some_and(|it| it >= least)))
            }
            Aim::AtMost(most) => (format!("<= {most}"), Some(ours.is_some_and(|it| it <= most))),
        };
        if let Some(reached) = reached {
            self.with_aim += 1;
            self.reached += usize::from(reached);
        }
        let [ours, theirs, telethon, mtcute] =
            values.map(|value| value.map_or("-".to_owned(), number));
        let ratio = ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let verdict = reached.map_or("", |reached| if reached { "ok" } else { "MISSED" });
        line([label, &ours, &theirs, &telethon, &mtcute, &ratio, &text, verdict]);
    }
}

/// Three digits that count, or all of a large number.
fn number(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn line(columns: [&str; 8]) {
    let [label, ours, theirs, telethon, mtcute, ratio, aim, verdict] = columns;
    let line = format!(
        "{label:32} {ours:>9} {theirs:>9} {telethon:>9} {mtcute:>9} {ratio:>7}  {aim:>9} {verdict}"
    );
    println!("{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_value_that_was_there() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![]), None);
        assert_eq!(number(1234.5), "1234");
        assert_eq!(number(12.345), "12.3");
        assert_eq!(number(1.2345), "1.23");
    }
}
