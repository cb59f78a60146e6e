fn main() {
    logring::info!(every_n: 10, once, "x");
}
