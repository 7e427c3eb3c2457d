package api

// LimitStreams lets tests reach the limit of streams.
func (s *Server) LimitStreams(n int) {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	s.streams.limit = n
}

// Options are those that the server was made with.
func (s *Server) Options() *Options { return &s.o }
