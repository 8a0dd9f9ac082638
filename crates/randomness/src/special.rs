//! Special functions, to at least twelve significant digits wherever the result is a normal number.

use std::f64::consts::{PI, SQRT_2};

/// The complementary error function.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// The distribution function of the standard normal distribution.
pub fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// The regularised upper incomplete gamma function Γ(a, x) / Γ(a), for a > 0; 1 for x ≤ 0.
///
/// By the series below the maximum of the integrand and by the continued fraction above (NIST Digital Library of Mathematical
/// Functions, 8.11.4 and 8.9.2). Their common factor is taken relative to Stirling's formula, since x^a, e^x and Γ(a) apart lose
/// all digits for a large.
pub fn igamc(a: f64, x: f64) -> f64 {
    if x.is_nan() || a.is_nan() || a <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    if x < a + 1.0 { 1.0 - factor(a, x) * series(a, x) } else { factor(a, x) * fraction(a, x) }
}

/// x^a e^−x / Γ(a).
fn factor(a: f64, x: f64) -> f64 {
    if a < 16.0 {
        return x.powf(a) * (-x).exp() / libm::tgamma(a);
    }
    let away = (x - a) / a;
    let exponent = a * log1p_minus(away);
    (a / (2.0 * PI)).sqrt() * (exponent - stirling(a)).exp()
}

/// ln(1 + x) − x without the cancellation at small x.
fn log1p_minus(x: f64) -> f64 {
    if x.abs() > 0.4 {
        return x.ln_1p() - x;
    }
    // ln(1 + x) = 2 artanh(r) with r = x / (2 + x); the first term of the series less x is −x r.
    let r = x / (2.0 + x);
    let square = r * r;
    let (mut term, mut sum, mut n) = (2.0 * r * square, 0.0, 3.0);
    while term.abs() / n > f64::EPSILON * 0.01 * (x * r).abs() {
        sum += term / n;
        term *= square;
        n += 2.0;
    }
    sum - x * r
}

/// ln Γ(a) less Stirling's leading part, for a ≥ 16.
fn stirling(a: f64) -> f64 {
    const TERMS: [f64; 6] = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    let square = 1.0 / (a * a);
    TERMS.iter().rev().fold(0.0, |sum, term| sum * square + term) / a
}

/// Σ x^i / (a (a+1) … (a+i)).
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut at) = (1.0 / a, 1.0 / a, a);
    while term > sum * f64::EPSILON * 0.01 {
        at += 1.0;
        term *= x / at;
        sum += term;
    }
    sum
}

/// The continued fraction by Lentz's method.
fn fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let not_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / not_zero(b);
    let mut h = d;
    let mut i = 1.0;
    // It ends after about √a steps; the bound is for arguments that are no test's.
    while i < 1e7 {
        let numerator = -i * (i - a);
        b += 2.0;
        d = 1.0 / not_zero(numerator * d + b);
        c = not_zero(b + numerator / c);
        let step = d * c;
        h *= step;
        if (step - 1.0).abs() < f64::EPSILON {
            break;
        }
        i += 1.0;
    }
    h
}
