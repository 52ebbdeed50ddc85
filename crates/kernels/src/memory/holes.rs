//! Which granules of a range are free: those of the holes, and all from the top on.

/// Most pieces and holes together. Each piece may leave a hole when it goes, so there is always
/// room to say where.
const MOST: usize = 1 << 15;

/// Free granules between pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hole {
    start: u32,
    length: u32,
}

impl Hole {
    const fn end(self) -> usize {
        self.start as usize + self.length as usize
    }
}

/// The holes of a range, by where they lie; no two of them touch, and none touches the top.
#[derive(Debug)]
pub(super) struct Holes {
    each: [Hole; MOST],
    count: usize,
    live: usize,
    /// From here on nothing is in use; below the `highest` that it ever was, granules were written to.
    top: usize,
    highest: usize,
}

/// A piece that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// Its first granule.
    pub(super) start: usize,
    /// How many of its granules, from the first on, somebody may have written to.
    pub(super) used: usize,
}

impl Holes {
    #[allow(
        clippy::large_stack_arrays,
        reason = "it is the value of a static and lies on no stack"
    )]
    pub(super) const fn new() -> Self {
        let none = Hole { start: 0, length: 0 };
        Self { each: [none; MOST], count: 0, live: 0, top: 0, highest: 0 }
    }

    /// `length` granules of a range of `capacity`: of the smallest hole that has them, else from the
    /// top; `None` where there is no room.
    pub(super) fn take(&mut self, length: usize, capacity: usize) -> Option<Taken> {
        if self.live + self.count >= MOST {
            return None;
        }
        let fits = self.each[..self.count].iter().enumerate();
        let fits = fits.filter(|(_, hole)| hole.length as usize >= length);
        let start = if let Some((place, _)) = fits.min_by_key(|(_, hole)| hole.length) {
            let hole = &mut self.each[place];
            let start = hole.start as usize;
            hole.start += length as u32;
            hole.length -= length as u32;
            if hole.length == 0 {
                self.remove(place);
            }
            start
        } else {
            let start = self.top;
            let end = start.checked_add(length).filter(|end| *end <= capacity)?;
            self.top = end;
            start
        };
        let used = self.highest.saturating_sub(start).min(length);
        self.highest = self.highest.max(start + length);
        self.live += 1;
        Some(Taken { start, used })
    }

    /// Takes a piece back.
    pub(super) fn give(&mut self, start: usize, length: usize) {
        self.live = self.live.saturating_sub(1);
        self.open(start, length);
    }

    /// Takes the end of a piece back, of which `kept` granules stay, if there is room to say so.
    pub(super) fn give_end(&mut self, start: usize, length: usize, kept: usize) -> bool {
        // The piece that stays counts for the hole that it will leave itself.
        let room = self.live + self.count < MOST;
        if room {
            self.open(start + kept, length - kept);
        }
        room
    }

    /// Makes a piece longer where it lies, if what follows it is free.
    pub(super) fn grow(
        &mut self,
        start: usize,
        length: usize,
        wanted: usize,
        capacity: usize,
    ) -> bool {
        let (end, more) = (start + length, wanted - length);
        if end == self.top {
            if start + wanted > capacity {
                return false;
            }
            self.top = start + wanted;
            self.highest = self.highest.max(self.top);
            return true;
        }
        let place = self.after(end);
        let Some(hole) = self.each[..self.count].get_mut(place) else { return false };
        if hole.start as usize != end || (hole.length as usize) < more {
            return false;
        }
        hole.start += more as u32;
        hole.length -= more as u32;
        if hole.length == 0 {
            self.remove(place);
        }
        true
    }

    /// The first hole that begins at or after `start`.
    fn after(&self, start: usize) -> usize {
        self.each[..self.count].partition_point(|hole| (hole.start as usize) < start)
    }

    /// Makes granules free, one hole with those beside them.
    fn open(&mut self, start: usize, length: usize) {
        let (mut hole, mut place) =
            (Hole { start: start as u32, length: length as u32 }, self.after(start));
        if let Some(next) = self.each[..self.count].get(place)
            && next.start as usize == hole.end()
        {
            hole.length += next.length;
            self.remove(place);
        }
        if let Some(before) = place.checked_sub(1)
            && self.each[before].end() == start
        {
            hole = Hole {
                start: self.each[before].start,
                length: self.each[before].length + hole.length,
            };
            self.remove(before);
            place = before;
        }
        if hole.end() == self.top {
            self.top = hole.start as usize;
        } else {
            self.each.copy_within(place..self.count, place + 1);
            self.each[place] = hole;
            self.count += 1;
        }
    }

    fn remove(&mut self, place: usize) {
        self.each.copy_within(place + 1..self.count, place);
        self.count -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from a fixed start.
    fn random() -> impl FnMut(usize) -> usize {
        let mut state = 1_u64;
        move |below| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        }
    }

    #[test]
    fn no_granule_is_in_two_pieces_and_what_nobody_wrote_to_is_known() {
        const CAPACITY: usize = 400;
        let mut next = random();
        let mut holes = Box::new(Holes::new());
        let (mut owner, mut written) = ([0; CAPACITY], [false; CAPACITY]);
        let mut live: Vec<(usize, usize, usize)> = Vec::new();
        for name in 1..20_000 {
            let place = next(live.len().max(1));
            match next(5) {
                0 | 1 => {
                    let length = 1 + next(40);
                    let Some(taken) = holes.take(length, CAPACITY) else { continue };
                    for granule in taken.start..taken.start + length {
                        assert_eq!(owner[granule], 0, "{name}");
                        owner[granule] = name;
                        assert!(granule < taken.start + taken.used || !written[granule], "{name}");
                        written[granule] = true;
                    }
                    live.push((name, taken.start, length));
                }
                2 if !live.is_empty() => {
                    let (_, start, length) = live.swap_remove(place);
                    owner[start..start + length].fill(0);
                    holes.give(start, length);
                }
                3 if !live.is_empty() && live[place].2 > 1 => {
                    let (_, start, length) = &mut live[place];
                    let kept = 1 + next(*length - 1);
                    assert!(holes.give_end(*start, *length, kept));
                    owner[*start + kept..*start + *length].fill(0);
                    *length = kept;
                }
                4 if !live.is_empty() => {
                    let (name, start, length) = &mut live[place];
                    let wanted = *length + 1 + next(10);
                    if holes.grow(*start, *length, wanted, CAPACITY) {
                        for granule in *start + *length..*start + wanted {
                            assert_eq!(owner[granule], 0, "{name}");
                            owner[granule] = *name;
                            written[granule] = true;
                        }
                        *length = wanted;
                    }
                }
                _ => {}
            }
            // Every granule below the top is in a piece or in a hole.
            let free: usize =
                holes.each[..holes.count].iter().map(|hole| hole.length as usize).sum();
            let held = owner.iter().filter(|owner| **owner != 0).count();
            assert_eq!(held + free, holes.top, "{name}");
            assert_eq!(holes.live, live.len());
        }
        for (_, start, length) in live {
            holes.give(start, length);
        }
        assert_eq!((holes.count, holes.top, holes.live), (0, 0, 0));
    }

    #[test]
    fn the_smallest_hole_that_fits_is_used_again() {
        let mut holes = Box::new(Holes::new());
        let lengths = [10, 1, 4, 1, 6, 1];
        let starts: Vec<usize> =
            lengths.iter().map(|length| holes.take(*length, 100).unwrap().start).collect();
        for place in [0, 2, 4] {
            holes.give(starts[place], lengths[place]);
        }
        assert_eq!(holes.take(5, 100), Some(Taken { start: starts[4], used: 5 }));
        assert_eq!(holes.take(4, 100), Some(Taken { start: starts[2], used: 4 }));
        assert_eq!(holes.take(11, 100), Some(Taken { start: 23, used: 0 }));
        assert_eq!(holes.take(67, 100), None);
    }
}
