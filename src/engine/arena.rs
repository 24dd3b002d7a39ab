//! Numbers whose first one begins a cache line, so that no register is read across two of them.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest register.
const LINE: usize = 64;

/// A slice of a fixed length, aligned to a cache line.
pub(super) struct Arena<T> {
    numbers: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy> Arena<T> {
    /// So many copies of a number.
    pub(super) fn new(value: T, len: usize) -> Arena<T> {
        let spare = LINE / size_of::<T>().max(1);
        let numbers = vec![value; len + spare];
        // An address that cannot be aligned is used as it is: only speed depends on it.
        let start = numbers.as_ptr().align_offset(LINE).min(spare);
        Arena { numbers, start, len }
    }
}

impl<T> Deref for Arena<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.numbers[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Arena<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.numbers[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_begins_a_cache_line() {
        for len in [0, 1, 7, 1000] {
            let mut a = Arena::new(1.5f32, len);
            assert_eq!((a.len(), a.as_ptr().align_offset(LINE)), (len, 0));
            assert_eq!(Arena::new(0u8, len).as_ptr().align_offset(LINE), 0);
            a.iter_mut().for_each(|x| *x = 2.0);
            let moved = a;
            assert!(moved.iter().all(|x| *x == 2.0) && moved.as_ptr().align_offset(LINE) == 0);
        }
    }
}
