// A function for a task that names a runner in vain.

export const count = () => 1;
