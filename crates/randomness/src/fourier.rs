//! The discrete Fourier transform of a ±1 sequence of n = A·B points in single precision, of which only the powers are looked at.
//!
//! With j = B·a + b and k = c + A·d, X_k = Σ_b e(b·d / B) · e(b·c / n) · Σ_a e(a·c / A) · x_j, e(t) = exp(−2πi t). The inner sums are
//! transforms of A points down the columns of the sequence written in A rows; the sequence is real, so the lower half of
//! c says everything and two columns go through one complex transform as its real and imaginary part. The outer sums are
//! transforms of B points, one for each c. Eight columns, and eight c, lie side by side in a register. As |X_k| = |X_{n−k}|, the
//! powers of c = 1 … ⌈A/2⌉ − 1 are those of half of all k, and nothing needs to be put together at the end.

use crate::sample::word_at;
use std::f64::consts::TAU;

/// Numbers side by side.
pub(crate) const LANES: usize = 8;
/// Columns of one transform, by two.
const COLUMNS: usize = 2 * LANES;
/// Shortest transform.
const SHORTEST: usize = 1 << 12;

/// Eight numbers of single precision in a register.
pub(crate) trait Numbers: Copy {
    fn load(from: &[f32; LANES]) -> Self;
    fn all(of: f32) -> Self;
    fn store(self, to: &mut [f32; LANES]);
    fn add(self, other: Self) -> Self;
    fn subtract(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// self + one · other.
    fn plus(self, one: Self, other: Self) -> Self;
    /// self − one · other.
    fn minus(self, one: Self, other: Self) -> Self;
    fn larger(self, other: Self) -> Self;
    /// Bit i: whether number i is below the bound.
    fn below(self, bound: f32) -> u8;
    fn transpose(rows: [Self; LANES]) -> [Self; LANES];
}

/// Without special instructions.
impl Numbers for [f32; LANES] {
    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        *from
    }

    #[inline(always)]
    fn all(of: f32) -> Self {
        [of; LANES]
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        *to = self;
    }

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        self.iter_mut().zip(&other).for_each(|(one, other)| *one += other);
        self
    }

    #[inline(always)]
    fn subtract(mut self, other: Self) -> Self {
        self.iter_mut().zip(&other).for_each(|(one, other)| *one -= other);
        self
    }

    #[inline(always)]
    fn times(mut self, other: Self) -> Self {
        self.iter_mut().zip(&other).for_each(|(one, other)| *one *= other);
        self
    }

    #[inline(always)]
    fn plus(self, one: Self, other: Self) -> Self {
        self.add(one.times(other))
    }

    #[inline(always)]
    fn minus(self, one: Self, other: Self) -> Self {
        self.subtract(one.times(other))
    }

    #[inline(always)]
    fn larger(mut self, other: Self) -> Self {
        self.iter_mut().zip(&other).for_each(|(one, other)| *one = one.max(*other));
        self
    }

    #[inline(always)]
    fn below(self, bound: f32) -> u8 {
        self.iter().rev().fold(0, |mask, number| mask << 1 | u8::from(*number < bound))
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        let mut columns = [[0.0; LANES]; LANES];
        for (at, row) in rows.iter().enumerate() {
            for (column, number) in columns.iter_mut().zip(row) {
                if let Some(to) = column.get_mut(at) {
                    *to = *number;
                }
            }
        }
        columns
    }
}

/// Complex numbers.
#[derive(Clone, Copy)]
struct Complex<V> {
    re: V,
    im: V,
}

/// Eight complex numbers in memory.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Cell {
    re: [f32; LANES],
    im: [f32; LANES],
}

impl Cell {
    fn of(values: impl Fn(usize) -> [f64; 2]) -> Cell {
        let mut cell = Cell::default();
        for (lane, (re, im)) in cell.re.iter_mut().zip(&mut cell.im).enumerate() {
            [*re, *im] = values(lane).map(|part| part as f32);
        }
        cell
    }
}

impl<V: Numbers> Complex<V> {
    #[inline(always)]
    fn load(from: &Cell) -> Self {
        Complex { re: V::load(&from.re), im: V::load(&from.im) }
    }

    #[inline(always)]
    fn all([re, im]: [f32; 2]) -> Self {
        Complex { re: V::all(re), im: V::all(im) }
    }

    #[inline(always)]
    fn store(self, to: &mut Cell) {
        self.re.store(&mut to.re);
        self.im.store(&mut to.im);
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Complex { re: self.re.add(other.re), im: self.im.add(other.im) }
    }

    #[inline(always)]
    fn subtract(self, other: Self) -> Self {
        Complex { re: self.re.subtract(other.re), im: self.im.subtract(other.im) }
    }

    /// self + i · other.
    #[inline(always)]
    fn add_turned(self, other: Self) -> Self {
        Complex { re: self.re.subtract(other.im), im: self.im.add(other.re) }
    }

    /// self − i · other.
    #[inline(always)]
    fn subtract_turned(self, other: Self) -> Self {
        Complex { re: self.re.add(other.im), im: self.im.subtract(other.re) }
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        Complex {
            re: self.re.times(other.re).minus(self.im, other.im),
            im: self.re.times(other.im).plus(self.im, other.re),
        }
    }

    #[inline(always)]
    fn scale(self, by: V) -> Self {
        Complex { re: self.re.times(by), im: self.im.times(by) }
    }

    /// self + other · by.
    #[inline(always)]
    fn plus(self, other: Self, by: V) -> Self {
        Complex { re: self.re.plus(other.re, by), im: self.im.plus(other.im, by) }
    }

    /// self − other · by.
    #[inline(always)]
    fn minus(self, other: Self, by: V) -> Self {
        Complex { re: self.re.minus(other.re, by), im: self.im.minus(other.im, by) }
    }
}

/// As many values as a stage takes at a time, transformed. (A function passed to the stage would not be compiled into it.)
trait Small {
    fn transformed(self) -> Self;
}

impl<V: Numbers> Small for [Complex<V>; 2] {
    #[inline(always)]
    fn transformed(self) -> Self {
        let [a, b] = self;
        [a.add(b), a.subtract(b)]
    }
}

impl<V: Numbers> Small for [Complex<V>; 4] {
    #[inline(always)]
    fn transformed(self) -> Self {
        let [a, b, c, d] = self;
        let ([s, t], [u, v]) = ([a, c].transformed(), [b, d].transformed());
        [s.add(u), t.subtract_turned(v), s.subtract(u), t.add_turned(v)]
    }
}

impl<V: Numbers> Small for [Complex<V>; 5] {
    #[inline(always)]
    fn transformed(self) -> Self {
        let [a, b, c, d, e] = self;
        let [(sin_1, cos_1), (sin_2, cos_2)] = [1.0, 2.0].map(|fifths: f64| (fifths * TAU / 5.0).sin_cos());
        let [sin_1, cos_1, sin_2, cos_2] = [sin_1, cos_1, sin_2, cos_2].map(|value| V::all(value as f32));
        let ([t, v], [u, w]) = ([b, e].transformed(), [c, d].transformed());
        let (near, far) = (a.plus(t, cos_1).plus(u, cos_2), a.plus(t, cos_2).plus(u, cos_1));
        let (up, down) = (v.scale(sin_1).plus(w, sin_2), v.scale(sin_2).minus(w, sin_1));
        [
            a.add(t).add(u),
            near.subtract_turned(up),
            far.subtract_turned(down),
            far.add_turned(down),
            near.add_turned(up),
        ]
    }
}

impl<V: Numbers> Small for [Complex<V>; 8] {
    #[inline(always)]
    fn transformed(self) -> Self {
        let [a, b, c, d, e, f, g, h] = self;
        let root = V::all(std::f32::consts::FRAC_1_SQRT_2);
        let ([s, p], [t, q], [u, r], [v, w]) =
            ([a, e].transformed(), [b, f].transformed(), [c, g].transformed(), [d, h].transformed());
        let [x0, x2, x4, x6] = [s, t, u, v].transformed();
        // e(1/8)·q + e(3/8)·w = x − i·y and e(1/8)·q − e(3/8)·w = y − i·x.
        let (x, y) = (q.subtract(w).scale(root), q.add(w).scale(root));
        let (near, far) = (p.subtract_turned(r), p.add_turned(r));
        let (one, three) = (x.subtract_turned(y), y.subtract_turned(x));
        [x0, near.add(one), x2, far.subtract_turned(three), x4, near.subtract(one), x6, far.add_turned(three)]
    }
}

/// e(step / points).
fn turn(step: usize, points: usize) -> [f64; 2] {
    let (sin, cos) = (-TAU * (step % points) as f64 / points as f64).sin_cos();
    [cos, sin]
}

/// One step of a transform: blocks of `radix · step` points become `radix` blocks of `step` points.
struct Stage {
    radix: usize,
    step: usize,
    /// For each place below `step`, e(place · q / points) for q from 1.
    turns: Vec<[f32; 2]>,
}

/// Transforms of one length.
struct Length {
    points: usize,
    stages: Vec<Stage>,
    /// Which value stands at each place behind the last stage.
    order: Vec<u32>,
}

impl Length {
    fn new(points: usize) -> Length {
        let mut stages = Vec::new();
        let mut left = points;
        // Value k stands where its digits say, those of the first stage the most significant ones.
        let mut order = vec![0_u32];
        while let Some(radix) = [8, 5, 4, 2].into_iter().find(|radix| left > 1 && left.is_multiple_of(*radix)) {
            let step = left / radix;
            let turns = (0..step).flat_map(|place| (1..radix).map(move |q| turn(place * q, left)));
            stages.push(Stage { radix, step, turns: turns.map(|turn| turn.map(|part| part as f32)).collect() });
            let weight = (points / left) as u32;
            order = order.iter().flat_map(|low| (0..radix as u32).map(move |digit| low + digit * weight)).collect();
            left = step;
        }
        Length { points, stages, order }
    }

    /// The transform of what the source gives, in `work`.
    #[inline(always)]
    fn transform<V: Numbers>(&self, source: &impl Source, work: &mut [Cell]) {
        let Some((first, rest)) = self.stages.split_first() else { return };
        first.run::<V>(source, work);
        // Block by block: such a block stays in the cache next to the processor.
        for block in work.chunks_exact_mut(first.step) {
            for stage in rest {
                for part in block.chunks_exact_mut(stage.radix * stage.step) {
                    stage.run::<V>(&InPlace, part);
                }
            }
        }
    }
}

/// Where the values of a stage come from.
trait Source {
    fn at<V: Numbers>(&self, block: &[Cell], place: usize) -> Complex<V>;
}

struct InPlace;

impl Source for InPlace {
    #[inline(always)]
    fn at<V: Numbers>(&self, block: &[Cell], place: usize) -> Complex<V> {
        block.get(place).map_or(Complex::all([0.0; 2]), Complex::load)
    }
}

/// A row.
struct Row<'a>(&'a [Cell]);

impl Source for Row<'_> {
    #[inline(always)]
    fn at<V: Numbers>(&self, _: &[Cell], place: usize) -> Complex<V> {
        InPlace.at(self.0, place)
    }
}

/// Sixteen columns of bits, the first eight as real parts.
struct Bits<'a> {
    words: &'a [u64],
    shift: u32,
    signs: &'a [[f32; LANES]; 256],
}

impl Source for Bits<'_> {
    #[inline(always)]
    fn at<V: Numbers>(&self, _: &[Cell], place: usize) -> Complex<V> {
        let word = self.words.get(place).copied().unwrap_or(0).wrapping_shr(self.shift);
        let signs = |byte: u8| self.signs.get(usize::from(byte)).map_or(V::all(0.0), V::load);
        Complex { re: signs((word >> 8) as u8), im: signs(word as u8) }
    }
}

impl Stage {
    #[inline(always)]
    fn run<V: Numbers>(&self, source: &impl Source, block: &mut [Cell]) {
        match self.radix {
            8 => self.by::<V, 8>(source, block),
            5 => self.by::<V, 5>(source, block),
            4 => self.by::<V, 4>(source, block),
            _ => self.by::<V, 2>(source, block),
        }
    }

    #[inline(always)]
    fn by<V: Numbers, const RADIX: usize>(&self, source: &impl Source, block: &mut [Cell])
    where
        [Complex<V>; RADIX]: Small,
    {
        for (place, turns) in self.turns.chunks_exact(RADIX - 1).enumerate() {
            let mut values = [source.at(block, place); RADIX];
            for (value, place) in values.iter_mut().zip((place..).step_by(self.step)).skip(1) {
                *value = source.at(block, place);
            }
            let values = values.transformed();
            let Some((first, others)) = values.split_first() else { continue };
            if let Some(to) = block.get_mut(place) {
                first.store(to);
            }
            for ((value, turn), place) in others.iter().zip(turns).zip((place + self.step..).step_by(self.step)) {
                if let Some(to) = block.get_mut(place) {
                    value.times(Complex::all(*turn)).store(to);
                }
            }
        }
    }
}

/// The transform of one length, with its memory.
pub(crate) struct Grid {
    column: Length,
    row: Length,
    /// Where in a transformed column value c stands, and where value A − c; padded to whole groups of eight.
    pairs: Vec<[u32; 2]>,
    /// Half of e(b·c / n) for each c, for the eight columns b from 0 and the eight from 8.
    lanes: Vec<[Cell; 2]>,
    /// e(b·c / n) for each c, for the first column b of each sixteen.
    firsts: Vec<[f32; 2]>,
    signs: Box<[[f32; LANES]; 256]>,
    /// Sixty-four bits of each row.
    tile: Vec<u64>,
    work: Vec<Cell>,
    /// Rows c by eight, each with its columns padded to sixteen.
    rows: Vec<Cell>,
}

impl Grid {
    /// `None` unless the number of points is even, has no prime factors but 2 and 5, and is worth it.
    pub(crate) fn new(points: usize) -> Option<Grid> {
        let smooth = |number: usize| {
            let odd = number >> number.trailing_zeros();
            (0..28).any(|power| 5_usize.pow(power) == odd)
        };
        if points < SHORTEST || !points.is_multiple_of(2) || !smooth(points) {
            return None;
        }
        // As near to a square as can be.
        let rows = (1..=points.isqrt()).rev().find(|rows| points.is_multiple_of(*rows))?;
        let (column, row) = (Length::new(rows), Length::new(points / rows));
        let mut places = vec![0_u32; rows];
        for (place, value) in (0..).zip(&column.order) {
            *places.get_mut(*value as usize)? = place;
        }
        let padded = (rows / 2 + 1).next_multiple_of(LANES);
        let place = |value: usize| places.get(value % rows).copied().unwrap_or_default();
        let half = |step: usize| turn(step, points).map(|part| part / 2.0);
        let stride = row.points.next_multiple_of(COLUMNS);
        let firsts = (0..stride).step_by(COLUMNS).flat_map(|b| (0..padded).map(move |c| turn(b * c, points)));
        let mut signs = Box::new([[-1.0; LANES]; 256]);
        for (byte, signs) in signs.iter_mut().enumerate() {
            let bits = signs.iter_mut().rev().enumerate();
            bits.filter(|(place, _)| byte >> place & 1 == 1).for_each(|(_, sign)| *sign = 1.0);
        }
        Some(Grid {
            pairs: (0..padded).map(|c| [place(c), place(rows + rows - c)]).collect(),
            lanes: (0..padded).map(|c| [0, LANES].map(|from| Cell::of(|lane| half((from + lane) * c)))).collect(),
            firsts: firsts.map(|turn| turn.map(|part| part as f32)).collect(),
            signs,
            tile: vec![0; rows],
            work: vec![Cell::default(); row.points],
            rows: vec![Cell::default(); padded / LANES * stride],
            column,
            row,
        })
    }

    fn stride(&self) -> usize {
        self.row.points.next_multiple_of(COLUMNS)
    }
}

/// The transforms of all columns, turned, into the rows.
#[inline(always)]
pub(crate) fn columns<V: Numbers>(grid: &mut Grid, words: &[u64]) {
    let stride = grid.stride();
    let Grid { column, row, pairs, lanes, firsts, signs, tile, work, rows } = grid;
    let work = work.get_mut(..column.points).unwrap_or_default();
    // Real and imaginary parts of eight c of the low and of the high columns.
    let mut apart = [[[V::all(0.0); LANES]; 2]; 2];
    for (first, firsts) in (0..stride).step_by(COLUMNS).zip(firsts.chunks_exact(pairs.len())) {
        if first % 64 == 0 {
            for (word, from) in tile.iter_mut().zip((first..).step_by(row.points)) {
                *word = word_at(words, from);
            }
        }
        let shift = (48 - first % 64) as u32;
        column.transform::<V>(&Bits { words: tile, shift, signs }, work);
        let groups = rows.chunks_exact_mut(stride);
        let by_eight = (pairs.as_chunks::<LANES>().0, lanes.as_chunks::<LANES>().0, firsts.as_chunks::<LANES>().0);
        for (((pairs, lanes), firsts), row) in by_eight.0.iter().zip(by_eight.1).zip(by_eight.2).zip(groups) {
            let [[low_re, low_im], [high_re, high_im]] = &mut apart;
            let low = low_re.iter_mut().zip(low_im);
            let high = high_re.iter_mut().zip(high_im);
            for ((((low, high), [one, other]), lanes), first) in low.zip(high).zip(pairs).zip(lanes).zip(firsts) {
                let value = |place: u32| InPlace.at(work, place as usize);
                let (one, other): (Complex<V>, Complex<V>) = (value(*one), value(*other));
                // Twice the transform of the real parts, and twice that of the imaginary parts.
                let real = Complex { re: one.re.add(other.re), im: one.im.subtract(other.im) };
                let imaginary = Complex { re: one.im.add(other.im), im: other.re.subtract(one.re) };
                let first = Complex::all(*first);
                let [low_turn, high_turn] = lanes;
                let value = real.times(first.times(Complex::load(low_turn)));
                (*low.0, *low.1) = (value.re, value.im);
                let value = imaginary.times(first.times(Complex::load(high_turn)));
                (*high.0, *high.1) = (value.re, value.im);
            }
            let to = row.get_mut(first..first + COLUMNS).unwrap_or_default();
            for (cells, [re, im]) in to.chunks_exact_mut(LANES).zip(&apart) {
                let (re, im) = (V::transpose(*re), V::transpose(*im));
                for ((cell, re), im) in cells.iter_mut().zip(&re).zip(&im) {
                    Complex { re: *re, im: *im }.store(cell);
                }
            }
        }
    }
}

/// What a look at all powers finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Powers {
    /// How many of the first n/2 lie below the lower bound.
    pub(crate) below: u64,
    /// Which lie from there to below the upper bound, the first ones.
    pub(crate) doubtful: Vec<usize>,
    /// The largest.
    pub(crate) largest: f32,
}

/// The transforms of all rows, and their powers by two bounds; `most` doubtful ones are enough.
#[inline(always)]
pub(crate) fn powers<V: Numbers>(grid: &mut Grid, low: f32, high: f32, most: usize) -> Powers {
    let stride = grid.stride();
    let Grid { column, row, work, rows, .. } = grid;
    let (a, b) = (column.points, row.points);
    let mut found = Powers::default();
    let mut largest = V::all(0.0);
    for (group, cells) in rows.chunks_exact(stride).enumerate() {
        row.transform::<V>(&Row(cells), work);
        // Among these c are some whose k are two by two the same, or that do not belong.
        let mixed = group == 0 || (group + 1) * LANES > a.div_ceil(2);
        for (cells, order) in work.chunks(LANES).zip(row.order.chunks(LANES)) {
            let (mut below, mut under) = (0_u64, 0_u64);
            for cell in cells {
                let Complex { re, im } = Complex::<V>::load(cell);
                let power = re.times(re).plus(im, im);
                largest = largest.larger(power);
                below = below << LANES | u64::from(power.below(low));
                under = under << LANES | u64::from(power.below(high));
            }
            if below == under && !mixed {
                found.below = found.below.wrapping_add(below.count_ones().into());
                continue;
            }
            for (d, at) in order.iter().zip((0..cells.len() as u32).rev()) {
                for lane in 0..LANES {
                    let c = group * LANES + lane;
                    let k = c + a * *d as usize;
                    let twice = c == 0 || 2 * c == a;
                    if 2 * c > a || (twice && 2 * k >= a * b) {
                        continue;
                    }
                    let bit = LANES as u32 * at + lane as u32;
                    if below >> bit & 1 == 1 {
                        found.below += 1;
                    } else if under >> bit & 1 == 1 && found.doubtful.len() < most {
                        found.doubtful.push(k);
                    }
                }
            }
        }
    }
    let mut all = [0.0; LANES];
    largest.store(&mut all);
    found.largest = all.iter().fold(0.0, |all, one| all.max(*one));
    found
}

/// Of the first n/2 values.
#[cfg(test)]
pub(crate) fn magnitudes(grid: &mut Grid, words: &[u64]) -> Vec<f32> {
    columns::<[f32; LANES]>(grid, words);
    let stride = grid.stride();
    let Grid { column, row, work, rows, .. } = grid;
    let points = column.points * row.points;
    let mut all = vec![f32::NAN; points / 2];
    for (group, cells) in rows.chunks_exact(stride).enumerate() {
        row.transform::<[f32; LANES]>(&Row(cells), work);
        for (cell, d) in work.iter().zip(&row.order) {
            for (lane, (re, im)) in cell.re.iter().zip(cell.im).enumerate() {
                let k = group * LANES + lane + column.points * *d as usize;
                if 2 * (group * LANES + lane) <= column.points
                    && let Some(to) = all.get_mut(k.min(points - k))
                {
                    *to = re.hypot(im);
                }
            }
        }
    }
    all
}
