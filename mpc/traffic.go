package mpc

// Traffic returns how many bytes of payload each party sends in a run of job with the interactive preprocessing, by party: exactly,
// without the framing, which is 10 bytes for each message and each 4 MiB.
func Traffic(job Job) ([]int64, error) {
	if job.Circuit == nil {
		return nil, errNoCircuit
	}
	p, err := newPlan(len(job.Circuit.Inputs()), &job, false)
	if err != nil {
		return nil, err
	}
	sent := make([]int64, p.n)
	for from := range sent {
		for to := range p.n {
			sent[from] += p.traffic(from, to)
		}
	}
	return sent, nil
}

// traffic is the bytes from one party to another. All batches are alike but the first and the last.
func (p *plan) traffic(from, to int) (bytes int64) {
	for st := range numSteps {
		add := func(t, times int) {
			if p.sends(st, uint32(t), from, to) {
				bytes += int64(times) * p.length(st, uint32(t), from, to)
			}
		}
		add(0, 1)
		if p.batches > 0 {
			add(1, p.batches-1)
			add(p.batches, 1)
		}
	}
	return bytes
}
