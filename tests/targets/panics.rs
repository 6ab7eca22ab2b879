// Allocations in Rust: containers, closures, a panic that unwinds and what its guards drop.
use std::collections::HashMap;
use std::hint::black_box;

struct Guard(usize);

impl Drop for Guard {
    #[inline(never)]
    fn drop(&mut self) {
        black_box(vec![1u8; self.0]);
    }
}

#[inline(never)]
fn fails(n: usize) -> usize {
    let _guard = Guard(n);
    let text = "x".repeat(n);
    if black_box(n) > 3 {
        panic!("as it should: {}", text.len());
    }
    text.len()
}

#[inline(never)]
fn counts(n: usize) -> usize {
    let mut map: HashMap<String, Vec<usize>> = HashMap::new();
    for i in 0..n {
        map.entry(format!("key {}", i % 10)).or_default().push(i);
    }
    let mut keys: Vec<_> = map.keys().cloned().collect();
    keys.sort_by_key(|key| key.to_uppercase());
    keys.len()
}

fn main() {
    std::panic::set_hook(Box::new(|_| {
        black_box(Box::new([0u8; 50]));
    }));
    let caught = std::panic::catch_unwind(|| fails(black_box(10)));
    let thread = std::thread::spawn(|| counts(black_box(100)));
    assert!(caught.is_err() && thread.join().unwrap() == 10 && counts(50) == 10);
}
