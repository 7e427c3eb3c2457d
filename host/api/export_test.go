package api

// LimitStreams lets tests reach the limit of streams.
func (s *Server) LimitStreams(n int) {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	s.streams.limit = n
}

// LimitPending makes watches that begin from now on lose changes sooner.
func (s *Server) LimitPending(n int) { s.streams.pending = n }

// Options are those that the server was made with.
func (s *Server) Options() *Options { return &s.o }
