import { TriangleAlert } from 'lucide-react'
import { Component, type ReactNode } from 'react'
import { Button } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { t } from '@/lib/i18n'

/// When a part of the page fails, most often because the server was updated under it: says so, offers a fresh one.
export class Fence extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false }

  static getDerivedStateFromError() {
    return { broken: true }
  }

  override render() {
    if (!this.state.broken) return this.props.children
    return (
      <main style={{ height: '100dvh' }}>
        <Empty icon={<TriangleAlert size={32} />} title={t('problem.unknown')}>
          <p>{t('app.broken')}</p>
          <Button look="main" onClick={() => location.reload()}>{t('app.reload')}</Button>
        </Empty>
      </main>
    )
  }
}
