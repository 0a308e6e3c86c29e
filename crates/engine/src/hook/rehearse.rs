pub(crate) struct Rehearsal;
