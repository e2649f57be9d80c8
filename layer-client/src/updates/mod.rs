//! What the server says by itself, in order and without loss.

#[allow(dead_code, reason = "what feeds it comes next")]
mod action;
mod line;
#[allow(dead_code, reason = "what feeds it comes next")]
mod sequence;

#[cfg(test)]
mod tests;
