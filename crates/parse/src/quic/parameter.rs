//! Transport parameters: the body of the TLS extension that both hellos of QUIC carry (RFC 9000 18, RFC 9001 8.2).

use std::borrow::Cow;

use super::integer::{TooLarge, read_integer, read_vector, write_integer, write_vector};
use super::{QuicVersion, TransportParameterId};
use crate::reading::{Defect, DefectKind, Defects, Limit, Limits, Reader, Reading};

/// One parameter, its value unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportParameter<'a> {
    /// Its number.
    pub id: TransportParameterId,
    /// Its value without the length in front.
    pub value: Cow<'a, [u8]>,
}

/// The parameters of one side, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransportParameters<'a>(pub Vec<TransportParameter<'a>>);

impl<'a> TransportParameters<'a> {
    /// Reads the body of the extension. A parameter that comes twice is a defect and is kept; one that cannot be read ends
    /// the list.
    pub fn read(body: &'a [u8], limits: &Limits) -> Reading<Self> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        let mut found: Vec<TransportParameter<'a>> = Vec::new();
        while !reader.is_empty() {
            let at = reader.at();
            if found.len() == limits.parameters {
                let (most, found) = (limits.parameters, limits.parameters.saturating_add(1));
                defects.note(at, DefectKind::Limit { limit: Limit::Parameters, most, found });
                break;
            }
            match parameter(&mut reader) {
                Ok(next) => {
                    if found.iter().any(|before| before.id == next.id) {
                        defects.note(at, DefectKind::RepeatedParameter(next.id.0));
                    }
                    found.push(next);
                }
                Err(defect) => {
                    defects.push(defect);
                    break;
                }
            }
        }
        defects.reading(TransportParameters(found), &reader)
    }

    /// Appends the body of the extension.
    ///
    /// # Errors
    /// [`TooLarge`] for a number or length that an integer cannot hold.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLarge> {
        self.0.iter().try_for_each(|parameter| {
            write_integer(out, parameter.id.0)?;
            write_vector(out, &parameter.value)
        })
    }

    /// What a client sends that wants nothing unusual: `source` is the connection id that its packets name as their
    /// source, which every client must repeat here (RFC 9000 7.3).
    pub fn client(source: &'a [u8]) -> Self {
        use TransportParameterId as Id;
        let numbers = [
            // Milliseconds: a server that hears nothing more of us forgets us by then.
            (Id::MAX_IDLE_TIMEOUT, 10_000),
            (Id::INITIAL_MAX_DATA, 65_536),
            (Id::INITIAL_MAX_STREAM_DATA_BIDI_LOCAL, 65_536),
            (Id::INITIAL_MAX_STREAM_DATA_BIDI_REMOTE, 65_536),
            (Id::INITIAL_MAX_STREAM_DATA_UNI, 65_536),
            (Id::INITIAL_MAX_STREAMS_BIDI, 16),
            (Id::INITIAL_MAX_STREAMS_UNI, 16),
        ];
        let mut parameters: Vec<_> = numbers
            .into_iter()
            .map(|(id, number)| {
                let mut value = Vec::new();
                // No number here is near the limit of an integer.
                let _ = write_integer(&mut value, number);
                TransportParameter { id, value: value.into() }
            })
            .collect();
        parameters.push(TransportParameter { id: Id::INITIAL_SOURCE_CONNECTION_ID, value: source.into() });
        TransportParameters(parameters)
    }

    /// The value of a parameter; the first, if it comes twice.
    pub fn find(&self, id: TransportParameterId) -> Option<&[u8]> {
        self.0.iter().find(|parameter| parameter.id == id).map(|parameter| &*parameter.value)
    }

    /// The value of a parameter that is an integer. `None` also when it is none, or bytes follow it.
    pub fn integer(&self, id: TransportParameterId) -> Option<u64> {
        let mut reader = Reader::new(self.find(id)?);
        read_integer(&mut reader).ok().filter(|_| reader.is_empty())
    }

    /// version_information (RFC 9368 3): the version in use, and all that its sender has, in the order of its liking.
    pub fn versions(&self) -> Option<(QuicVersion, Vec<QuicVersion>)> {
        let mut reader = Reader::new(self.find(TransportParameterId::VERSION_INFORMATION)?);
        let chosen = QuicVersion(reader.u32().ok()?);
        let mut available = Vec::new();
        while let Ok(number) = reader.u32() {
            available.push(QuicVersion(number));
        }
        reader.is_empty().then_some((chosen, available))
    }
}

fn parameter<'a>(reader: &mut Reader<'a>) -> Result<TransportParameter<'a>, Defect> {
    let mut ahead = reader.clone();
    let id = TransportParameterId(read_integer(&mut ahead)?);
    let value = read_vector(&mut ahead)?.into();
    *reader = ahead;
    Ok(TransportParameter { id, value })
}
