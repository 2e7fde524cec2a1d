package mpc

import (
	"context"

	"github.com/tacit-mpc/tacit/internal/block"
	"github.com/tacit-mpc/tacit/ot"
)

// A pairSetup is the set-up of both links with one peer.
type pairSetup struct {
	key    *ot.KeySetup // link self<-peer
	mac    *ot.MACSetup // link peer<-self
	seed   []byte       // zs of the pair, chosen by the lower number
	rand   [2]*block.Stream
	s3     []byte // our S3 message
	failed [2]error
}

// setup runs S2 (protocol 7, and the seeds of 5.5) and sends S3 (protocol 8): base OTs for both links with every peer, and trees for
// those where we are the MAC side. After it the MAC sides are complete.
func (g *generator) setup(ctx context.Context) error {
	s := g.s
	peers := s.plan.peers(s.self)
	pairs := make([]pairSetup, s.plan.n)
	g.pairs = pairs
	for _, j := range peers {
		p := &pairs[j]
		for k := range p.rand {
			p.rand[k] = g.privateStream()
		}
		if s.self < j {
			p.seed = make([]byte, block.Size)
			g.rand.Read(p.seed)
		}
	}
	err := g.eachLink(func(j int, keySide bool) (err error) {
		p := &pairs[j]
		if keySide {
			p.key, err = ot.NewKeySetup(g.link(s.self, j), s.delta, p.rand[0])
		} else {
			p.mac, err = ot.NewMACSetup(g.link(j, s.self), p.rand[1])
		}
		return err
	})
	if err != nil {
		return err
	}
	s.watch("pairs", 0, pairs)
	for _, j := range peers {
		if err := s.send(ctx, j, stepOT, 0, pairs[j].mac.Point(), pairs[j].key.Choices(), pairs[j].seed); err != nil {
			return err
		}
	}
	if err := g.baseOT(ctx, pairs); err != nil {
		return err
	}
	for _, j := range peers {
		if err := s.send(ctx, j, stepPPRF, 0, pairs[j].s3); err != nil {
			return err
		}
	}
	return nil
}

// baseOT takes the S2 messages. It ends the base OTs and grows our trees.
func (g *generator) baseOT(ctx context.Context, pairs []pairSetup) error {
	s := g.s
	msgs, err := s.gather(ctx, stepOT, 0)
	if err != nil {
		return err
	}
	g.zero = make(zeroShares, s.plan.n)
	g.eachLink(func(j int, keySide bool) (err error) {
		p, m := &pairs[j], msgs[j]
		if keySide {
			p.failed[0] = p.key.Point(m[:ot.PointSize])
			return nil
		}
		g.macs[j], p.s3, p.failed[1] = p.mac.Trees(m[ot.PointSize:][:ot.ChoicesSize])
		if j < s.self {
			p.seed = m[ot.PointSize+ot.ChoicesSize:]
		}
		g.zero[j] = block.NewExpander(block.Load(p.seed))
		clear(p.seed)
		return nil
	})
	return s.verify(stepOT, 0, pairFailure(pairs))
}

// trees takes the S3 messages and ends the set-up of the key sides.
func (g *generator) trees(ctx context.Context) error {
	s, pairs := g.s, g.pairs
	msgs, err := s.gather(ctx, stepPPRF, 0)
	if err != nil {
		return err
	}
	g.eachPeer(func(j int) error {
		g.keys[j], pairs[j].failed[0] = pairs[j].key.Trees(msgs[j])
		return nil
	})
	g.pairs = nil
	return s.verify(stepPPRF, 0, pairFailure(pairs))
}

func pairFailure(pairs []pairSetup) func(from int) error {
	return func(from int) error {
		for _, err := range pairs[from].failed {
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// wipe overwrites the secrets of a set-up that did not end.
func (p *pairSetup) wipe() {
	if p.key != nil {
		p.key.Wipe()
	}
	if p.mac != nil {
		p.mac.Wipe()
	}
	clear(p.seed)
}

// link names the link key<-mac of this session.
func (g *generator) link(key, mac int) ot.Link {
	return ot.Link{SID: [32]byte(g.s.sid), Key: byte(key), MAC: byte(mac), Depth: g.s.plan.k}
}

// eachLink runs f for both links with every peer, in parallel: with keySide for self<-j, without for j<-self.
func (g *generator) eachLink(f func(j int, keySide bool) error) error {
	peers := g.s.plan.peers(g.s.self)
	return parallel(2*len(peers), func(i int) error { return f(peers[i/2], i%2 == 0) })
}

// eachPeer runs f for every peer, in parallel.
func (g *generator) eachPeer(f func(j int) error) error {
	peers := g.s.plan.peers(g.s.self)
	return parallel(len(peers), func(i int) error { return f(peers[i]) })
}

// privateStream returns randomness for one consumer, so that consumers may run in any order.
func (g *generator) privateStream() *block.Stream {
	var seed [block.Size]byte
	g.rand.Read(seed[:])
	defer clear(seed[:])
	return block.NewStream(block.Load(seed[:]))
}
