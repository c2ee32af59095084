package capture

import "sync"

// queue holds tasks without bound: whoever pushes is the browser's dispatch goroutine and must never wait.
type queue struct {
	mu     sync.Mutex
	tasks  []func()
	closed bool
	wake   *sync.Cond
}

func newQueue() *queue {
	q := &queue{}
	q.wake = sync.NewCond(&q.mu)
	return q
}

// push adds a task; false when the queue is closed and the task is dropped.
func (q *queue) push(task func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.tasks = append(q.tasks, task)
	q.wake.Signal()
	return true
}

// next waits for a task; false when the queue is closed and empty.
func (q *queue) next() (func(), bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.tasks) == 0 {
		if q.closed {
			return nil, false
		}
		q.wake.Wait()
	}
	task := q.tasks[0]
	q.tasks = q.tasks[1:]
	return task, true
}

// close lets what is queued be done and nothing more be pushed.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake.Broadcast()
}
