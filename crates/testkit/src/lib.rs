//! Golden-document runner, fixed clock and ids for tests.
