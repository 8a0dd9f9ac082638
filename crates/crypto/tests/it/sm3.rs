use dengmi_crypto::{Hash, sm2};

use crate::{Vector, vectors};

fn check(vector: &Vector) {
    let computed = match vector.op() {
        "hash" => Hash::Sm3.digest(&vector.bytes("msg")).to_vec(),
        "hash_repeat" => {
            let (unit, mut hasher) = (vector.bytes("unit"), Hash::Sm3.hasher());
            (0..vector.number("count")).for_each(|_| hasher.update(&unit));
            hasher.finish().to_vec()
        }
        "hmac" => Hash::Sm3.hmac(&vector.bytes("key"), &[&vector.bytes("msg")]).to_vec(),
        "kdf" => sm2::kdf(&[&vector.bytes("z")], vector.number("len")),
        other => panic!("{}: unknown op {other}", vector.id()),
    };
    assert_eq!(hex::encode(computed), vector.text("out"), "{}", vector.id());
}

#[test]
fn every_vector() {
    vectors("sm3.toml").iter().for_each(check);
}

#[test]
fn pieces_make_the_same_digest() {
    for hash in [Hash::Md5, Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512, Hash::Sm3] {
        let message: Vec<u8> = (0..=200).collect();
        let mut hasher = hash.hasher();
        message.chunks(7).for_each(|piece| hasher.update(piece));
        let halfway = hasher.clone();
        assert_eq!(hasher.finish(), hash.digest(&message));
        assert_eq!(halfway.finish().len(), hash.length());
    }
}
