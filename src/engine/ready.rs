//! Steps with all looked up that is the same in every run.
//!
//! A small program is a hundred elementwise steps of a dozen numbers. Which kernel, mode and function a step is, which
//! instruction set there is and which memory its operands lie in would take longer to ask than the loop takes to run, so
//! it is asked once; all other steps go to [`execute`].

use super::execute::{Context, execute};
use super::memory::At;
use crate::kernels::elementwise::{self, OfOne, OfTwo, WithScalar};
use crate::kernels::real::Real;
use crate::kernels::reduce;
use crate::plan::{Kernel, Mode, Program, Section, Step};

/// The steps of a program, section by section.
pub(super) struct Ready<T> {
    sections: [Vec<ReadyStep<T>>; Section::ALL.len()],
}

/// A step as it is run.
#[derive(Clone, Copy)]
pub(super) enum ReadyStep<T> {
    /// a function of one number
    One(OfOne<T>, At, At),
    /// a function of two numbers of values of one length
    Two(OfTwo<T>, At, At, At),
    /// a function of a value's numbers and of one number
    WithScalar(WithScalar<T>, At, At, At),
    /// a value's sum
    Sum(At, At),
    /// any other
    Step,
}

impl<T: Real> Ready<T> {
    pub(super) fn of(program: &Program) -> Ready<T> {
        Ready {
            sections: Section::ALL.map(|section| program.steps(section).iter().map(ReadyStep::of).collect()),
        }
    }

    /// Those of a section, in its order.
    pub(super) fn steps(&self, section: Section) -> &[ReadyStep<T>] {
        &self.sections[section as usize]
    }
}

impl<T: Real> ReadyStep<T> {
    fn of(step: &Step) -> ReadyStep<T> {
        ReadyStep::looked_up(step).unwrap_or(ReadyStep::Step)
    }

    fn looked_up(step: &Step) -> Option<ReadyStep<T>> {
        let out = At::of(step.out).filter(|out| out.is_in_arena())?;
        let arg = |i: usize| At::of(*step.args.get(i)?);
        Some(match &step.kernel {
            Kernel::Unary(op) => ReadyStep::One(elementwise::of_one(*op), arg(0)?, out),
            Kernel::Binary { op, mode: Mode::Same, left } => {
                let (a, b) = if *left { (arg(1)?, arg(0)?) } else { (arg(0)?, arg(1)?) };
                ReadyStep::Two(elementwise::of_two(*op), a, b, out)
            }
            Kernel::Binary { op, mode: Mode::Scalar, left } => {
                let scalar_on =
                    if *left { elementwise::scalar_on_left } else { elementwise::scalar_on_right };
                ReadyStep::WithScalar(scalar_on(*op), arg(0)?, arg(1)?, out)
            }
            Kernel::SumGlobal => ReadyStep::Sum(arg(0)?, out),
            _ => return None,
        })
    }

    /// Runs it; `step` is what it was made of.
    #[inline(always)]
    pub(super) fn run(&self, step: &Step, context: &mut Context<'_, T>) {
        let memory = &context.memory;
        // SAFETY: places are as in `execute`: each in its memory, the result apart from the arguments, and the slices
        // live until the end of this step. The loops were chosen on this processor.
        unsafe {
            match *self {
                ReadyStep::One(run, x, out) => run(memory.at(x), memory.at_mut(out)),
                ReadyStep::Two(run, a, b, out) => run(memory.at(a), memory.at(b), memory.at_mut(out)),
                ReadyStep::WithScalar(run, x, scalar, out) => {
                    run(memory.at(x), memory.at(scalar)[0], memory.at_mut(out));
                }
                ReadyStep::Sum(x, out) => memory.at_mut(out)[0] = reduce::sum_all(memory.at(x)),
                ReadyStep::Step => execute(step, context),
            }
        }
    }
}
