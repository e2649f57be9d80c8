//! What to begin with.

use layer_tl_types::{Identifiable, functions};

use crate::Seeds;

/// Queries of all kinds over all framings, and everything else that happens.
pub fn seeds() -> Seeds {
    let config = functions::help::GetConfig::CONSTRUCTOR_ID;
    assert_eq!(config, 0xc4f9_186b, "the query in the seeds below");
    let mut seeds = Vec::new();
    for kind in 0..6 {
        // Asks for a config, plain and wrapped; pings; acknowledges; binds; begins an exchange.
        seeds.push(vec![kind, 5, 11, 5, 0, 0, 9, 0, 0, 0]);
        seeds.push(vec![
            kind, 5, 9, 230, 0, 0, 0, 11, 5, 0, 0, 9, 0, 0, 0, 5, 7, 0, 1, 0, 0, 9, 0, 0,
        ]);
        seeds.push(vec![
            kind, 5, 3, 2, 0, 0, 0, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 1, 11, 5, 0, 0, 9, 1, 0,
        ]);
        seeds.push(vec![kind, 14, 8, 11, 0, 0, 4, 0, 60, 0, 0, 0, 9, 0, 0, 0]);
        seeds.push(vec![kind, 4, 7, 0, 9, 0, 0, 0]);
        seeds.push(vec![kind, 4, 7, 1, 3, 0, 5, 1, 9, 0, 0, 0]);
        seeds.push(vec![kind, 2, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0]);
        seeds.push([&[kind, 3, 80, 0][..], &[7; 80], &[0, 3, 0]].concat());
        seeds.push([&[kind, 0, 70, 0][..], &[0xef; 70], &[0, 0]].concat());
        for choice in 0..12 {
            seeds.push(
                [&[kind, 5, choice][..], &[1, 0, 0, 2, 0, 0], &[0; 16], &[9, 0, 0, 0]].concat(),
            );
        }
    }
    // Calls together and alone, answered at once, late, at length, with an error; then trouble; then time.
    let late = [13, 1, 0, 1, 0x11, 9, 8, 0, 0x02, 0, 200, 0, 9, 0, 0, 0];
    let alone = [13, 0, 0, 1, 0x72, 0, 200, 0, 9, 0, 0, 0, 0x00, 0, 42, 0, 9, 0, 0, 0];
    let trouble: [&[u8]; 14] = [
        &[],
        &[8, 0, 0],
        &[8, 0, 1],
        &[8, 0, 3],
        &[8, 0, 6, 0],
        &[8, 0, 7, 255, 255, 0, 0, 0],
        &[9, 0, 3],
        &[9, 1, 17, 0, 0, 0],
        &[9, 3, 9, 4],
        &[9, 5, 200, 9, 6, 200, 9, 7, 200],
        &[10, 0, 0, 1, 4, 0, 1, 2, 3, 4],
        &[11, 2, 1, 11, 1, 0],
        &[11, 0],
        &[9, 2, 9, 8],
    ];
    for trouble in trouble {
        for calls in [&late, &alone[..]] {
            let then = [&[0][..], calls, trouble, &[12, 12], calls, &[12, 12, 12, 12]].concat();
            seeds.push(then);
        }
    }
    seeds
}
