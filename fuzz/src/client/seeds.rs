//! What to begin with: every operation after every kind of beginning, and courses that are longer.

use super::{CODES, ERRORS, OPERATIONS, Operation};
use crate::Seeds;

/// Operations after which a machine of each kind has agreed its keys and is ready.
fn begun(settings: u8) -> Vec<u8> {
    let mut seed = vec![settings, op(Operation::Connect) | 0x40];
    let exchange = [
        op(Operation::Plain),
        0,
        op(Operation::Work) | 0x40,
        2,
        op(Operation::Plain),
        0,
        op(Operation::Work) | 0x40,
        2,
        op(Operation::Plain) | 0x40,
        0,
    ];
    let exchanges = usize::from(settings & 8 != 0) + usize::from(settings & 16 != 0);
    (0..exchanges).for_each(|_| seed.extend(exchange));
    // The binding, the ping and the salts.
    seed.extend([op(Operation::Serve) | 0x40, 8, 255, op(Operation::Serve), 8, 255]);
    seed
}

/// The byte of an operation after which all events are polled, and nothing is sent.
fn op(operation: Operation) -> u8 {
    let place = operation as usize;
    // Numbers below 0x40 are those whose upper bits say nothing else.
    assert!(place < OPERATIONS.len() && place < 0x40);
    place as u8
}

/// Every operation after every kind of beginning, and courses that are longer.
pub fn seeds() -> Seeds {
    use Operation::*;
    let call = |flags: u8| vec![op(Call), flags];
    let sent = |operation: Operation| op(operation) | 0x40;
    let served = vec![op(Serve), 0, 255];
    let mut courses: Vec<Vec<u8>> = vec![
        Vec::new(),
        [call(0), call(1), vec![op(Call), 2, 0], vec![sent(Events)], served.clone()].concat(),
        // Lost after sending, and asked about on the next link.
        [
            call(0),
            call(1),
            vec![sent(Events), op(Disconnect), sent(Connect)],
            vec![op(Serve), 0, 255, 0, 0, sent(Events)],
            served.clone(),
        ]
        .concat(),
        // To the deadline, again and again: ping, questions, silence.
        [call(0), vec![sent(Events)], vec![op(ToDeadline); 12]].concat(),
        [vec![op(Calls), 9, sent(Events), op(Serve), 2, 255], vec![op(ToDeadline)]].concat(),
        vec![op(Calls), 0xff, sent(Events), op(Disconnect), sent(Connect), op(ToDeadline)],
        vec![op(Calls), 8 | 32, sent(Events), op(Calls), 8 | 32, sent(Events)],
        vec![op(Flood), 255, sent(Events)],
        vec![op(Flood), 0, 40, sent(Events)],
        // A temporary key is renewed.
        [vec![op(Pass), 5, 3, op(ToDeadline)], begun(8)[2..].to_vec(), vec![op(ToDeadline); 3]]
            .concat(),
        vec![op(TransportError), 0, sent(Connect)],
        [vec![op(TransportError), 0, sent(Connect)], begun(8)[2..].to_vec()].concat(),
        vec![op(Jump), 0, 0, 0, 1, 0, op(ToDeadline)],
        vec![op(Other), 0, sent(Events), op(Serve), 0, 255],
    ];
    for flags in 0..8 {
        courses.push([call(flags << 5), vec![sent(Events)], served.clone()].concat());
    }
    for kind in 0..16 {
        let service = [&[op(Service), kind, 0][..], &[0, 4, 0, 4, 4, 4, 4, 0]].concat();
        courses.push([call(0), call(1), vec![sent(Events)], service, vec![sent(Events)]].concat());
    }
    for code in 0..CODES.len() as u8 {
        let refused = vec![op(Service), 0, 0, 0, code, 0, sent(Events), op(ToDeadline)];
        courses.push([call(0), call(1), vec![sent(Events)], refused].concat());
    }
    for error in 0..ERRORS.len() as u8 {
        let refused = vec![op(Serve), 0xe0, 255, error, error, error, sent(Events)];
        courses.push([call(0), vec![op(Call), 2, 0, sent(Events)], refused].concat());
    }
    for choice in 0..16 {
        courses.push([call(0), vec![sent(Events), op(Say), 7, 0, 2, 0, 0, choice << 4]].concat());
    }
    for other in [Cancel, Timeout, Work, LateWork, Bytes, Packet] {
        courses.push([call(0), vec![sent(Events), op(other), 4, 0, 1, 2, 3, 4]].concat());
    }
    let kinds = [0, 8, 16, 24, 32, 4, 5, 6, 7];
    kinds
        .into_iter()
        .flat_map(|kind| courses.iter().map(move |course| [begun(kind), course.clone()].concat()))
        .collect()
}
