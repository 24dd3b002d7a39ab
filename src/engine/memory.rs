//! The arenas behind operands, and the one place that turns a range into a slice.

use super::shard::Shard;
use crate::plan::{Operand, Space};

/// Base pointers of an executor's arenas and of the shard at hand.
///
/// Several lanes may hold the same `global` while they run the body, whose steps write to none of it.
/// The planner places every value so that a step's output overlaps none of its inputs and all ranges lie inside their
/// arena ([`crate::plan::Program`]); the executor checks the latter once when it is made.
pub(super) struct Memory<'s, T> {
    pub(super) global: *mut T,
    pub(super) sums: *mut T,
    pub(super) row: *mut T,
    pub(super) strip: *mut T,
    pub(super) index: *mut u8,
    pub(super) shard: Option<&'s Shard<T>>,
}

impl<'s, T> Memory<'s, T> {
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
        match operand.space {
            // SAFETY: by the contract of this function.
            Space::Global => unsafe { std::slice::from_raw_parts(self.global.add(start), len) },
            // SAFETY: likewise.
            Space::Row => unsafe { std::slice::from_raw_parts(self.row.add(start), len) },
            // SAFETY: likewise.
            Space::Sum => unsafe { std::slice::from_raw_parts(self.sums.add(start), len) },
            // SAFETY: likewise.
            Space::Strip => unsafe { std::slice::from_raw_parts(self.strip.add(start), len) },
            Space::Column(c) => &shard().columns[c][start..start + len],
            Space::Weight => &shard().weights[start..start + len],
            Space::Index => unreachable!("winners are read by `winners`"),
        }
    }

    /// The numbers of an operand, to be written.
    ///
    /// # Safety
    /// The range lies inside its arena, and no other slice of it lives.
    #[inline(always)]
    pub(super) unsafe fn write<'a>(&self, operand: Operand) -> &'a mut [T] {
        let (start, len) = (operand.start, operand.len);
        match operand.space {
            // SAFETY: by the contract of this function.
            Space::Global => unsafe { std::slice::from_raw_parts_mut(self.global.add(start), len) },
            // SAFETY: likewise.
            Space::Row => unsafe { std::slice::from_raw_parts_mut(self.row.add(start), len) },
            // SAFETY: likewise.
            Space::Sum => unsafe { std::slice::from_raw_parts_mut(self.sums.add(start), len) },
            // SAFETY: likewise.
            Space::Strip => unsafe { std::slice::from_raw_parts_mut(self.strip.add(start), len) },
            Space::Column(_) | Space::Weight | Space::Index => unreachable!("steps write to arenas only"),
        }
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
