// What this browser keeps of choices that were made in it. One that keeps nothing asks again.
export function remember(name, choice) {
  try {
    localStorage.setItem(name, choice);
  } catch { /* It is chosen for now. */ }
}

export function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
