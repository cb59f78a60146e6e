fn main() {
    let a = 1;
    logring::info!("open { and {a}", a);
    logring::info!("close }", a);
    logring::info!("end {a", a);
}
