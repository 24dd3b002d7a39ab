//! What distributions and their suffixes mean, on whole models: log densities of small data against textbook sums, and the
//! example models of distributions fitted.

mod examples;
mod forms;
mod levels;
mod meaning;
mod predictions;
mod shapes;
