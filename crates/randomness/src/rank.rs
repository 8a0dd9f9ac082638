//! Ranks of 32 × 32 bit matrices, as many at a time as a register has lanes.

/// Rows of a matrix, and bits of a row.
pub(crate) const SIDE: usize = 32;

/// How many of the first matrices have rank 32, 31 and less.
#[inline(always)]
pub(crate) fn ranks<const LANES: usize>(words: &[u64], matrices: usize) -> [u64; 3] {
    let mut classes = [0_u64; 3];
    let mut left = matrices;
    // A matrix is 16 words, two rows each.
    for group in words.chunks(LANES * SIDE / 2) {
        let here = left.min(LANES);
        if here == 0 {
            break;
        }
        let mut rows = [[0_u32; LANES]; SIDE];
        for (lane, matrix) in group.chunks(SIDE / 2).enumerate() {
            for (pair, word) in rows.as_chunks_mut::<2>().0.iter_mut().zip(matrix) {
                let [first, second] = pair;
                if let (Some(first), Some(second)) = (first.get_mut(lane), second.get_mut(lane)) {
                    (*first, *second) = ((word >> 32) as u32, *word as u32);
                }
            }
        }
        for full in eliminate(&mut rows).iter().take(here) {
            let [all, but_one, less] = &mut classes;
            *match full {
                32 => all,
                31 => but_one,
                _ => less,
            } += 1;
        }
        left -= here;
    }
    classes
}

/// Each row's lowest one is cleared from all rows below it: no search for a pivot, no branch.
#[inline(always)]
fn eliminate<const LANES: usize>(rows: &mut [[u32; LANES]; SIDE]) -> [u32; LANES] {
    let mut rank = [0_u32; LANES];
    let mut rest = &mut rows[..];
    while let Some((pivot, below)) = rest.split_first_mut() {
        let pivot = *pivot;
        let lowest = pivot.map(|row| row & row.wrapping_neg());
        rank.iter_mut().zip(pivot).for_each(|(rank, row)| *rank = rank.wrapping_add(u32::from(row != 0)));
        for row in below.iter_mut() {
            let mut cleared = *row;
            for ((row, pivot), lowest) in cleared.iter_mut().zip(pivot).zip(lowest) {
                *row ^= pivot & u32::from(*row & lowest != 0).wrapping_neg();
            }
            *row = cleared;
        }
        rest = below;
    }
    rank
}
