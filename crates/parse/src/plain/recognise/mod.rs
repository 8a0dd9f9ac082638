//! Which protocol a flow speaks: one table, in which every row looks at the first bytes.

mod datagram;
mod stream;

use super::spoken::{Spoken, Transport};
use crate::tls::Sides;

/// How many bytes of a stream are looked at for each side.
pub const START: usize = 64;

/// An answer of [`recognise`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// It speaks this.
    Is(Spoken),
    /// It could be one of several things, or not enough of it is there.
    More,
    /// None of the protocols known here.
    Unknown,
}

/// Tells what a flow speaks by how each side begins. Of a stream the first [`START`] bytes are looked at; of datagrams
/// each side's first one is to be given whole, since its length tells much. A side that has said nothing is empty.
///
/// More bytes never lead from one protocol to another. Where a client speaks first, it decides, so that
/// one which is answered in another protocol is told as what it asked for.
pub fn recognise(first: &Sides<&[u8]>, over: Transport) -> Recognised {
    let (start, rows) = match over {
        Transport::Stream => {
            let cut = |bytes| <[u8]>::get(bytes, ..START).unwrap_or(bytes);
            (Sides { client: cut(first.client), server: cut(first.server) }, stream::ROWS)
        }
        Transport::Datagrams => (*first, datagram::ROWS),
    };
    let strong = among(rows, &start, false);
    if strong == Recognised::Unknown { among(rows, &start, true) } else { strong }
}

fn among(rows: &[Row], start: &Start<'_>, weak: bool) -> Recognised {
    let (mut found, mut more) = (None, false);
    for row in rows.iter().filter(|row| row.weak == weak) {
        match (row.fits)(start) {
            Fit::No => {}
            Fit::More => more = true,
            Fit::Yes if found.is_some() => return Recognised::Unknown,
            Fit::Yes => found = Some(row.spoken),
        }
    }
    match found {
        _ if more => Recognised::More,
        Some(spoken) => Recognised::Is(spoken),
        None => Recognised::Unknown,
    }
}

/// How both sides begin.
type Start<'a> = Sides<&'a [u8]>;

/// One protocol.
struct Row {
    spoken: Spoken,
    fits: fn(&Start<'_>) -> Fit,
    /// It has no mark of its own and is asked only when no other row fits.
    weak: bool,
}

const fn row(spoken: Spoken, fits: fn(&Start<'_>) -> Fit) -> Row {
    Row { spoken, fits, weak: false }
}

/// How a start fits a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It is nothing else.
    Yes,
    /// It could be, with more bytes.
    More,
    /// It cannot be, or not with certainty.
    No,
}

impl Fit {
    /// `Yes` or `No`.
    fn when(is: bool) -> Fit {
        if is { Fit::Yes } else { Fit::No }
    }

    /// `More` or `No`.
    fn maybe(could: bool) -> Fit {
        if could { Fit::More } else { Fit::No }
    }

    /// Of a test that ends early with `None` where bytes are missing.
    fn read(test: Option<bool>) -> Fit {
        test.map_or(Fit::More, Fit::when)
    }

    /// This, or what follows it.
    fn and(self, next: impl FnOnce() -> Fit) -> Fit {
        if self == Fit::Yes { next() } else { self }
    }

    /// The better of both.
    fn or(self, other: Fit) -> Fit {
        match (self, other) {
            (Fit::Yes, _) | (_, Fit::Yes) => Fit::Yes,
            (Fit::More, _) | (_, Fit::More) => Fit::More,
            _ => Fit::No,
        }
    }
}

/// Whether `bytes` begin with `prefix`, whatever the case of letters.
fn begins(bytes: &[u8], prefix: &[u8]) -> Fit {
    let common = bytes.len().min(prefix.len());
    match (bytes.get(..common), prefix.get(..common)) {
        (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => Fit::No,
        _ if common < prefix.len() => Fit::More,
        _ => Fit::Yes,
    }
}

/// The best of [`begins`] with each.
fn begins_any(bytes: &[u8], prefixes: &[&[u8]]) -> Fit {
    prefixes.iter().fold(Fit::No, |best, prefix| best.or(begins(bytes, prefix)))
}

/// Of a protocol in which the client speaks first: it decides, and the server only where the client was not heard.
fn client_first(start: &Start<'_>, client: fn(&[u8]) -> Fit, server: fn(&[u8]) -> Fit) -> Fit {
    match (start.client.is_empty(), start.server.is_empty()) {
        (true, true) => Fit::More,
        (true, false) => server(start.server),
        (false, _) => client(start.client),
    }
}

/// Nothing of a server tells it apart.
fn never(_: &[u8]) -> Fit {
    Fit::No
}
