//! An SM2 as it must not be, behind the line protocol, to see that the vectors find it: it looks at no range of r and s, at no
//! curve, ignores the identifier, and signs with one k. `dengmi algorithm test --target target/debug/examples/broken_sm2`

use crypto_bigint::modular::ConstMontyParams;
use crypto_bigint::{U256, const_monty_form, const_monty_params};
use dengmi_collect::algorithm::{Answer, Fields, Request};
use dengmi_crypto::Hash;
use dengmi_crypto::sm2::{DEFAULT_IDENTIFIER, kdf};
use std::io::{BufRead, Write};

// GB/T 32918.5-2017 chapter 3.
const_monty_params!(Prime, U256, "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff");
const_monty_form!(Coordinate, Prime);
const_monty_params!(Order, U256, "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");
const_monty_form!(Scalar, Order);
const A: U256 = U256::from_be_hex("fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc");
const B: U256 = U256::from_be_hex("28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93");
const GENERATOR: Point = Some((
    Coordinate::new(&U256::from_be_hex("32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7")),
    Coordinate::new(&U256::from_be_hex("bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0")),
));
/// Every signature is made with this one.
const K: Scalar = Scalar::new(&U256::from_be_hex("59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21"));

/// `None` is infinity. B is never looked at.
type Point = Option<(Coordinate, Coordinate)>;

fn add(first: Point, second: Point) -> Point {
    let (Some((x1, y1)), Some((x2, y2))) = (first, second) else { return first.or(second) };
    let (rise, run) = match x1 == x2 {
        true if y1 + y2 == Coordinate::ZERO => return None,
        true => (x1 * x1 + x1 * x1 + x1 * x1 + Coordinate::new(&A), y1 + y1),
        false => (y2 - y1, x2 - x1),
    };
    let slope = rise * Option::<Coordinate>::from(run.invert())?;
    let x = slope * slope - x1 - x2;
    Some((x, slope * (x1 - x) - y1))
}

fn times(scalar: &Scalar, point: Point) -> Point {
    let scalar = scalar.retrieve();
    (0..256).rev().fold(None, |sum, bit| {
        let sum = add(sum, sum);
        if bool::from(scalar.bit(bit)) { add(sum, point) } else { sum }
    })
}

fn number(bytes: &[u8]) -> Option<U256> {
    (bytes.len() == 32).then(|| U256::from_be_slice(bytes))
}

/// Zeros stand for infinity, as in some libraries; everything else is taken for a point.
fn point(bytes: &[u8]) -> Option<Point> {
    let (x, y) = bytes.strip_prefix(&[4]).filter(|rest| rest.len() == 64)?.split_at(32);
    let (x, y) = (Coordinate::new(&number(x)?), Coordinate::new(&number(y)?));
    Some((x != Coordinate::ZERO || y != Coordinate::ZERO).then_some((x, y)))
}

fn bytes(point: Point) -> (Vec<u8>, Vec<u8>) {
    let (x, y) = point.unwrap_or((Coordinate::ZERO, Coordinate::ZERO));
    let bytes = |number: Coordinate| number.retrieve().to_be_bytes().as_ref().to_vec();
    (bytes(x), bytes(y))
}

fn digest(public: Point, message: &[u8]) -> Option<Scalar> {
    let (generator_x, generator_y) = bytes(GENERATOR);
    let (x, y) = bytes(public);
    let curve = [A, B].map(|number| number.to_be_bytes().as_ref().to_vec()).concat();
    // The identifier that was asked for is not in it.
    let z = [&[0, 0x80], DEFAULT_IDENTIFIER, &curve, &generator_x, &generator_y, &x, &y].concat();
    Some(Scalar::new(&number(&Hash::Sm3.digest(&[&Hash::Sm3.digest(&z), message].concat()))?))
}

fn plus_x(e: Scalar, point: Point) -> Scalar {
    e + Scalar::new(&point.map_or(U256::ZERO, |(x, _)| x.retrieve()))
}

fn answer(request: &Request) -> Option<Answer> {
    let get = |name: &str| request.fields.get(name).map(Vec::as_slice);
    let scalar = |name: &str| Some(Scalar::new(&number(get(name)?)?));
    let named = |fields: &[(&str, Vec<u8>)]| {
        Answer::Ok(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Fields>())
    };
    match request.operation.as_str() {
        "sm2-verify" | "sm2-verify-digest" => {
            let (public, r, s) = (point(get("public")?)?, scalar("r")?, scalar("s")?);
            let e = if get("digest").is_some() { scalar("digest")? } else { digest(public, get("message")?)? };
            let sum = add(times(&s, GENERATOR), times(&(r + s), public));
            (plus_x(e, sum) == r).then_some(Answer::Valid)
        }
        "sm2-sign" => {
            let d = scalar("private")?;
            let e = digest(times(&d, GENERATOR), get("message")?)?;
            let r = plus_x(e, times(&K, GENERATOR));
            let s = Option::<Scalar>::from((Scalar::ONE + d).invert())? * (K - r * d);
            let bytes = |number: Scalar| number.retrieve().to_be_bytes().as_ref().to_vec();
            Some(named(&[("r", bytes(r)), ("s", bytes(s))]))
        }
        "sm2-decrypt" => {
            let (c1, rest) = get("input")?.split_at_checked(65)?;
            let (c3, c2) = rest.split_at_checked(32)?;
            let (x, y) = bytes(times(&scalar("private")?, point(c1)?));
            let plain: Vec<u8> = kdf(&[&x, &y], c2.len()).iter().zip(c2).map(|(key, byte)| key ^ byte).collect();
            let fits = Hash::Sm3.digest(&[&x[..], &plain, &y].concat())[..] == *c3;
            fits.then(|| named(&[("output", plain)]))
        }
        "sm2-public-key" => point(get("public")?).map(|_| Answer::Valid),
        _ => Some(Answer::Unsupported),
    }
}

fn main() -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request = Request::read(&line?);
        let told = request.map_or(Answer::Unsupported, |request| answer(&request).unwrap_or(Answer::Invalid));
        writeln!(stdout, "{told}")?;
        stdout.flush()?;
    }
    Ok(())
}
