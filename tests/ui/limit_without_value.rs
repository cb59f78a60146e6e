fn main() {
    logring::info!(every_n, "x");
}
