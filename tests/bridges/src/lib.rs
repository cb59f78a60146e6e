//! Nothing: the package is its tests. It stands apart so that the crates that they drive are no
//! dependencies of logring's.
