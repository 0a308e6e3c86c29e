//! The engine, driven by requests against a scripted store.

#[cfg(test)]
mod directory;
#[cfg(test)]
mod executor;
#[cfg(test)]
mod input;
mod limits;
#[cfg(test)]
mod never_panics;
mod outcome;
mod rates;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tenancy;
#[cfg(test)]
mod tokens;
