//! The arenas behind operands, and the one place that turns a range into a slice.

use super::shard::Shard;
use crate::plan::{Operand, Space};

/// Base pointers of an executor's arenas and of the shard at hand.
///
/// Several lanes may hold the same `global` while they run the body, whose steps write to none of it.
/// The planner places every value so that a step's output overlaps none of its inputs and all ranges lie inside their
/// arena ([`crate::plan::Program`]); the executor checks the latter once when it is made.
pub(super) struct Memory<'s, T> {
    /// By [`arena`].
    pub(super) arenas: [*mut T; ARENAS],
    pub(super) index: *mut u8,
    pub(super) shard: Option<&'s Shard<T>>,
}

/// How many arenas of numbers there are.
pub(super) const ARENAS: usize = 4;

/// Which arena a space is, if it is one.
#[inline(always)]
pub(super) const fn arena(space: Space) -> Option<usize> {
    match space {
        Space::Global => Some(0),
        Space::Sum => Some(1),
        Space::Row => Some(2),
        Space::Strip => Some(3),
        Space::Column(_) | Space::Weight | Space::Index => None,
    }
}

/// Where an operand of a step is, its arena looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// An arena, or what is none: [`WEIGHT`], or a column beyond it.
    base: u32,
    start: u32,
    len: u32,
}

/// The weights of rows among the bases.
const WEIGHT: u32 = ARENAS as u32;

impl At {
    /// The same place; none for winners, and where its numbers do not fit.
    pub(super) fn of(operand: Operand) -> Option<At> {
        let base = match (arena(operand.space), operand.space) {
            (Some(arena), _) => arena as u32,
            (None, Space::Weight) => WEIGHT,
            (None, Space::Column(c)) => WEIGHT + 1 + u32::try_from(c).ok().filter(|c| *c < u32::MAX / 2)?,
            (None, _) => return None,
        };
        Some(At { base, start: operand.start.try_into().ok()?, len: operand.len.try_into().ok()? })
    }

    /// Whether it is in an arena, which may be written to.
    pub(super) fn is_in_arena(self) -> bool {
        self.base < WEIGHT
    }
}

impl<'s, T> Memory<'s, T> {
    /// The numbers of a place.
    ///
    /// # Safety
    /// As for [`Memory::read`].
    #[inline(always)]
    pub(super) unsafe fn at<'a>(&self, at: At) -> &'a [T]
    where
        's: 'a,
    {
        let (start, len) = (at.start as usize, at.len as usize);
        if at.base < WEIGHT {
            // SAFETY: by the contract of this function.
            return unsafe { std::slice::from_raw_parts(self.arenas[at.base as usize].add(start), len) };
        }
        let shard = self.shard.expect("steps that read rows run with a shard");
        match at.base - WEIGHT {
            0 => &shard.weights[start..start + len],
            c => &shard.columns[c as usize - 1][start..start + len],
        }
    }

    /// The numbers of a place in an arena, to be written.
    ///
    /// # Safety
    /// As for [`Memory::write`].
    #[inline(always)]
    pub(super) unsafe fn at_mut<'a>(&self, at: At) -> &'a mut [T] {
        let arena = self.arenas[at.base as usize];
        // SAFETY: by the contract of this function.
        unsafe { std::slice::from_raw_parts_mut(arena.add(at.start as usize), at.len as usize) }
    }

    /// The numbers of an operand.
    ///
    /// # Safety
    /// The range lies inside its arena, and nothing writes to it while the slice lives.
    #[inline(always)]
    pub(super) unsafe fn read<'a>(&self, operand: Operand) -> &'a [T]
    where
        's: 'a,
    {
        let (start, len) = (operand.start, operand.len);
        let shard = || self.shard.expect("steps that read rows run with a shard");
        match (arena(operand.space), operand.space) {
            // SAFETY: by the contract of this function.
            (Some(arena), _) => unsafe { std::slice::from_raw_parts(self.arenas[arena].add(start), len) },
            (None, Space::Column(c)) => &shard().columns[c][start..start + len],
            (None, Space::Weight) => &shard().weights[start..start + len],
            (None, _) => unreachable!("winners are read by `winners`"),
        }
    }

    /// The numbers of an operand, to be written.
    ///
    /// # Safety
    /// The range lies inside its arena, and no other slice of it lives.
    #[inline(always)]
    pub(super) unsafe fn write<'a>(&self, operand: Operand) -> &'a mut [T] {
        let arena = arena(operand.space).expect("steps write to arenas only");
        // SAFETY: by the contract of this function.
        unsafe { std::slice::from_raw_parts_mut(self.arenas[arena].add(operand.start), operand.len) }
    }

    /// The winners of a fused pool.
    ///
    /// # Safety
    /// As for [`Memory::write`].
    #[inline(always)]
    pub(super) unsafe fn winners<'a>(&self, operand: Operand) -> &'a mut [u8] {
        // SAFETY: by the contract of this function.
        unsafe { std::slice::from_raw_parts_mut(self.index.add(operand.start), operand.len) }
    }
}
