//! What to begin with.

use crate::Seeds;

/// Each kind of trouble, between calls that are sent and calls that are answered.
pub fn seeds() -> Seeds {
    // 0xe0: nothing moves.
    const STILL: u8 = 0xe0;
    let calls = [0, 0, 0, 1, 0, 2, 0, 0x20, 3, 6, 0, 0xc0];
    let mut troubles: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![4, 1, 200, 6],
        vec![4, 3, 180, 4, 3, 200],
        vec![5, 0, 0, 1, 0, 8],
        vec![5, 0, 0, 255, 255, 0],
        vec![22, 255, 0, 7],
        vec![22, 255, 1, 7],
        vec![8, 7, 8, 7],
        vec![STILL | 9, 7],
        vec![19, 7],
        vec![STILL | 20, 0, 0],
        vec![STILL | 21, 0, 0],
        vec![STILL | 18, 0, 27, 7],
    ];
    for on_the_way in 10..18 {
        troubles.push(vec![0x80 | 0x40, 0, STILL | on_the_way, 30, 0, 0, STILL | 25, STILL | 27]);
        troubles.push(vec![0x80, 0, STILL | on_the_way, 30, 0, 0, STILL | 26, 7, STILL | 27]);
    }
    for fault in 0..8 {
        troubles.push(vec![24, fault, 3, 0, 0, 23, 1, 24, fault, 10]);
    }
    for code in 0..12 {
        troubles.push(vec![24, 1, code, 0, 0, 0, 1]);
    }
    let mut seeds = Vec::new();
    for settings in 0..8 {
        for trouble in &troubles {
            seeds.push([&[settings, 7, 27, 27][..], &calls, trouble, &calls, &[8, 7]].concat());
            seeds.push([&[settings, 7, 27, 27][..], &calls, &[STILL | 8, 7], trouble].concat());
        }
    }
    seeds
}
