//! Sagas compiled to code: the steps one after the other, and behind them the compensations in reverse order.
//!
//! Between the calls stand marks, at which the state of the saga is written down. A failed call does not end the code but goes on at the
//! compensations ([`SagaCode::undo`]), because the interpreter asks for the place before it lets a frame of a saga fail.

use super::{Fork, Op, Pc, Program};
use crate::ids::ServiceId;
use crate::message::saga::Saga;

/// A place in a saga's code at which its state changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SagaMark {
    /// An instance begins, or takes over: it goes to where the saga stands.
    Resumes,
    /// A branch asks a participant to prepare: it makes the call of its saga.
    Asks,
    /// A step is done.
    Done(u16),
    /// A step is undone.
    Undone(u16),
    /// All steps are done.
    Completed,
    /// All that had to be is undone.
    Compensated,
}

/// The code of a saga.
#[derive(Debug, Clone, Default)]
pub struct SagaCode {
    /// Where each step is taken, and behind the last where the saga is completed.
    pub steps: Vec<Pc>,
    /// By the number of steps that are to be undone, where that begins.
    pub undo: Vec<Pc>,
    /// The end of the code, without any change of the saga's state.
    pub end: Pc,
}

impl Program {
    /// The code of the endpoint that coordinates a saga.
    pub(super) fn saga(&mut self, service: ServiceId, saga: &Saga) {
        let mark = |program: &mut Self, mark| program.ops.push(Op::Saga(service, mark));
        mark(self, SagaMark::Resumes);
        if saga.is_two_phase {
            return self.two_phase(service, saga);
        }
        let mut code = SagaCode::default();
        for (number, step) in saga.steps.iter().enumerate() {
            code.steps.push(self.here());
            self.call(step.action, true);
            mark(self, SagaMark::Done(number as u16));
        }
        code.steps.push(self.here());
        mark(self, SagaMark::Completed);
        self.ops.push(Op::End);
        let mut undo = Vec::new();
        for (number, step) in saga.steps.iter().enumerate().rev() {
            undo.push(self.here());
            if let Some(compensation) = step.compensation {
                self.call(compensation, true);
                mark(self, SagaMark::Undone(number as u16));
            }
        }
        undo.push(self.here());
        mark(self, SagaMark::Compensated);
        code.end = self.here();
        self.ops.push(Op::End);
        code.undo = undo.into_iter().rev().collect();
        self.sagas.insert(service, code);
    }

    /// All steps at the same time, and then the decision.
    fn two_phase(&mut self, service: ServiceId, saga: &Saga) {
        self.ops.push(Op::Release);
        let prepare = self.here();
        let (first, count) = (self.branches.len() as u32, saga.steps.len() as u32);
        self.ops.push(Op::Fork(self.forks.len() as u32));
        self.forks.push(Fork { first, branches: count, count: count as u16, need: count as u16 });
        let commit = self.ops.push(Op::Saga(service, SagaMark::Completed));
        self.ops.push(Op::End);
        let abort = self.ops.push(Op::Saga(service, SagaMark::Compensated));
        let end = self.ops.push(Op::End);
        for step in &saga.steps {
            self.branches.push(self.here());
            self.ops.push(Op::Saga(service, SagaMark::Asks));
            self.call(step.action, false);
            self.ops.push(Op::BranchEnd);
        }
        self.sagas.insert(service, SagaCode { steps: vec![prepare, commit], undo: vec![abort], end });
    }
}
